#![allow(clippy::unwrap_used, missing_docs)]
//! The promise of `docs/coherence.md` under faults, in short; `./scripts/chaos --minutes N` is the long form.
//!
//! Its Redis is one of `mainstay_testkit`.

use std::time::Duration;

use mainstay_cache_chaos::{Fault, Kind, Mutant, Plan, Wrong, run};

/// `CHAOS_SEED` chooses another run.
fn plan() -> Plan {
    let seed =
        std::env::var("CHAOS_SEED").map_or(20_260, |seed| seed.parse().expect("CHAOS_SEED is a number"));
    println!("CHAOS_SEED={seed}");
    Plan::new(Kind::Single, seed)
}

#[test]
fn no_read_breaks_the_promise_whatever_fails() {
    let mut plan = plan();
    // Long enough for every fault to be drawn once, also where the operations are soon done.
    plan.at_least = Duration::from_secs(32);
    let report = run(&plan).unwrap();
    println!("{report}");
    assert_eq!(report.violations, 0, "{report}");
    assert!(report.operations >= 200_000, "{report}");
    // It means something only if there was something to break.
    assert!(report.fault_count() >= Fault::of(Kind::Single).len() as u64, "{report}");
    assert!(report.applied > 1_000 && report.queued > 0 && report.dropped > 0, "{report}");
    assert!(report.origins.iter().all(|reads| *reads > 1_000), "{report}");
}

#[test]
fn a_cache_that_breaks_the_promise_is_caught() {
    for mutant in [Mutant::Deaf, Mutant::Trusting] {
        let mut plan = plan();
        plan.mutant = Some(mutant);
        plan.at_least = Duration::from_secs(30);
        let report = run(&plan).unwrap();
        assert!(report.violations > 0, "{mutant:?} went unnoticed: {report}");
        let caught = |wrong| report.told.iter().any(|told| told.wrong == wrong);
        assert!(caught(Wrong::TooOld), "{mutant:?}: {report}");
    }
}
