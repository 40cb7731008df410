#![allow(clippy::unwrap_used, missing_docs)]
//! Policies against references that are as simple as can be, a million random steps each: calls begun, polled, answered,
//! dropped at any poll, panicking, overtaken by events; time passing; hands on the switches.
//!
//! Every run prints its seed where it fails; `MAINSTAY_SEED` repeats one, `MAINSTAY_STEPS` sets how many steps there are.

mod breaker;
mod bulkhead;
mod calls;
mod reference;
mod retry;

use std::panic;

/// Steps in all, over runs of `steps_a_run` with a seed each.
fn runs(steps_a_run: u64, run: impl Fn(u64)) {
    // The panics are part of the play.
    panic::set_hook(Box::new(|info| {
        if info.payload().downcast_ref::<calls::Planned>().is_none() {
            eprintln!("{info}");
        }
    }));
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("MAINSTAY_SEED") {
        return run(seed);
    }
    let runs = number("MAINSTAY_STEPS").unwrap_or(1_000_000) / steps_a_run;
    for seed in 0..runs {
        if let Err(failure) = panic::catch_unwind(panic::AssertUnwindSafe(|| run(seed))) {
            eprintln!("seed {seed} (MAINSTAY_SEED={seed} repeats it)");
            panic::resume_unwind(failure);
        }
    }
}
