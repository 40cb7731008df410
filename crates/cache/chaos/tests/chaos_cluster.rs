#![allow(clippy::unwrap_used, missing_docs)]
//! The promise of `docs/coherence.md` when shards of a Cluster fail over and slots move, in short.
//!
//! Its servers are those of `mainstay_testkit`.

mod short;

use mainstay_cache_chaos::{Fault, Kind};
use short::{holds, plan};

#[test]
fn no_read_breaks_the_promise_when_shards_fail_over_and_slots_move() {
    let mut plan = plan(Kind::Cluster);
    let successions = [Fault::Kill, Fault::Failover, Fault::TakeOver, Fault::Depose, Fault::Lag];
    plan.faults = successions.to_vec();
    plan.faults.extend([Fault::Reshard, Fault::Partition, Fault::Delay]);
    let report = holds(&mut plan);
    let drawn: u64 = successions.iter().map(|fault| report.faults[fault]).sum();
    assert_eq!(report.tally.failovers, drawn, "{report}");
    assert!(report.tally.losses >= 2 && report.tally.lost_bytes > 0, "{report}");
    assert!(report.tally.slots_moved >= 4 && report.tally.keys_moved > 20, "{report}");
    // The control key's shard failed over, or its slot moved: that is a new epoch.
    assert!(report.tally.epochs.len() > 1, "{report}");
}
