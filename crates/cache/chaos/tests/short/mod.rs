//! The short runs; `./scripts/chaos --minutes N` is the long form.

use mainstay_cache_chaos::{Kind, Plan, Report, run};

/// `CHAOS_SEED` chooses another run.
pub fn plan(servers: Kind) -> Plan {
    let seed =
        std::env::var("CHAOS_SEED").map_or(20_260, |seed| seed.parse().expect("CHAOS_SEED is a number"));
    println!("CHAOS_SEED={seed}");
    Plan::new(servers, seed)
}

/// Runs until each of the plan's faults has come: the promise holds, and there was something to break.
pub fn holds(plan: &mut Plan) -> Report {
    plan.at_least_faults = plan.faults.len() as u64;
    let report = run(plan).unwrap();
    println!("{report}");
    assert_eq!(report.violations, 0, "{report}");
    assert!(report.operations >= 200_000, "{report}");
    assert!(plan.faults.iter().all(|fault| report.faults.contains_key(fault)), "{report}");
    assert!(report.applied > 500 && report.queued > 0, "{report}");
    assert!(report.origins.iter().all(|reads| *reads > 1_000), "{report}");
    report
}
