#![allow(clippy::unwrap_used, missing_docs)]
//! The promise of `docs/coherence.md` when the primary changes under Sentinel, in short.
//!
//! Its servers are those of `mainstay_testkit`.

mod short;

use mainstay_cache_chaos::{Fault, Kind, run};
use short::plan;

#[test]
fn no_read_breaks_the_promise_when_the_primary_changes() {
    let mut plan = plan(Kind::Sentinel);
    let successions = [Fault::Kill, Fault::Failover, Fault::Depose, Fault::Lag];
    plan.faults = successions.to_vec();
    plan.faults.extend([Fault::Restart, Fault::MuteSentinel, Fault::Partition, Fault::Delay, Fault::Reset]);
    plan.at_least_faults = plan.faults.len() as u64;
    let report = run(&plan).unwrap();
    println!("{report}");
    assert_eq!(report.violations, 0, "{report}");
    assert!(report.operations >= 200_000, "{report}");
    assert!(report.applied > 500 && report.queued > 0, "{report}");
    assert!(report.origins.iter().all(|reads| *reads > 1_000), "{report}");
    // It means something only if there was something to break.
    assert!(plan.faults.iter().all(|fault| report.faults.contains_key(fault)), "{report}");
    let drawn: u64 = successions.iter().map(|fault| report.faults[fault]).sum();
    assert_eq!(report.tally.failovers, drawn, "{report}");
    assert!(report.tally.losses > 0 && report.tally.lost_bytes > 0, "{report}");
    // A failover is a new epoch.
    assert!(report.tally.epochs.len() as u64 > report.tally.failovers, "{report}");
}
