#![allow(clippy::unwrap_used, missing_docs)]
//! The promise of `docs/coherence.md` under faults, in short; `./scripts/chaos --minutes N` is the long form.
//!
//! Its Redis is one of `mainstay_testkit`.

mod short;

use std::time::Duration;

use mainstay_cache_chaos::{Kind, Mutant, Wrong, run};
use short::{holds, plan};

#[test]
fn no_read_breaks_the_promise_whatever_fails() {
    let report = holds(&mut plan(Kind::Single));
    assert!(report.applied > 1_000 && report.dropped > 0, "{report}");
}

#[test]
fn a_cache_that_breaks_the_promise_is_caught() {
    for mutant in [Mutant::Deaf, Mutant::Trusting] {
        let mut plan = plan(Kind::Single);
        plan.mutant = Some(mutant);
        plan.at_least = Duration::from_secs(30);
        let report = run(&plan).unwrap();
        assert!(report.violations > 0, "{mutant:?} went unnoticed: {report}");
        let caught = |wrong| report.told.iter().any(|told| told.wrong == wrong);
        assert!(caught(Wrong::TooOld), "{mutant:?}: {report}");
    }
}
