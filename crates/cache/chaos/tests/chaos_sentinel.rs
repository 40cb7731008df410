#![allow(clippy::unwrap_used, missing_docs)]
//! The promise of `docs/coherence.md` when the primary changes under Sentinel, in short.
//!
//! Its servers are those of `mainstay_testkit`.

mod short;

use mainstay_cache_chaos::{Fault, Kind};
use short::{holds, plan};

#[test]
fn no_read_breaks_the_promise_when_the_primary_changes() {
    let mut plan = plan(Kind::Sentinel);
    let successions = [Fault::Kill, Fault::Failover, Fault::Depose, Fault::Lag];
    plan.faults = successions.to_vec();
    plan.faults.extend([Fault::Restart, Fault::MuteSentinel, Fault::Partition, Fault::Delay, Fault::Reset]);
    let report = holds(&mut plan);
    let drawn: u64 = successions.iter().map(|fault| report.faults[fault]).sum();
    assert_eq!(report.tally.failovers, drawn, "{report}");
    assert!(report.tally.losses > 0 && report.tally.lost_bytes > 0, "{report}");
    // A failover is a new epoch.
    assert!(report.tally.epochs.len() as u64 > report.tally.failovers, "{report}");
}
