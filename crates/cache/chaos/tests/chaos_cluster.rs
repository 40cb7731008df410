#![allow(clippy::unwrap_used, missing_docs)]
//! The promise of `docs/coherence.md` when shards of a Cluster fail over and slots move, in short.
//!
//! Its servers are those of `mainstay_testkit`.

mod short;

use mainstay_cache_chaos::{Fault, Kind, run};
use short::plan;

#[test]
fn no_read_breaks_the_promise_when_shards_fail_over_and_slots_move() {
    let mut plan = plan(Kind::Cluster);
    let successions = [Fault::Kill, Fault::Failover, Fault::TakeOver, Fault::Depose, Fault::Lag];
    plan.faults = successions.to_vec();
    plan.faults.extend([Fault::Reshard, Fault::Partition, Fault::Delay]);
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
    assert!(report.tally.losses >= 2 && report.tally.lost_bytes > 0, "{report}");
    assert!(report.tally.slots_moved >= 4 && report.tally.keys_moved > 20, "{report}");
    // The control key's shard failed over, or its slot moved: that is a new epoch.
    assert!(report.tally.epochs.len() > 1, "{report}");
}
