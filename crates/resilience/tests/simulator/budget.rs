//! What a budget of retries makes of an outage and of a storm.

use super::{
    scenarios::{OPEN_FOR, OUTAGE, SEED, STUMBLE, breaker, outage, retry, simulation, stumble, timeout},
    secs,
};
use mainstay_resilience::{Budget, BudgetConfig, RetryConfig, sim::Condition};
use std::sync::Arc;

/// Its defaults: retries come to a tenth of the calls.
fn a_tenth() -> Arc<Budget> {
    Arc::new(Budget::new("valuer", BudgetConfig::default()).unwrap())
}

/// With everything in place: hardly an attempt in the outage, none too many after it, and back within two open intervals.
#[test]
fn a_full_outage_costs_no_more_than_the_budget_and_is_soon_forgotten() {
    for condition in [Condition::Refusing, Condition::Hanging] {
        let simulation = simulation(&format!("outage, {condition}"), outage(condition));
        let report = simulation.run(async |it| {
            let retry = retry(RetryConfig::FAST).budget(a_tenth());
            it.drive(&(retry, breaker(OPEN_FOR), timeout(secs(1)))).await
        });
        report.whole().assert_amplification_at_most(1.1);
        report.between(OUTAGE).assert_amplification_at_most(0.1);
        report.recovery(OUTAGE).assert_within(2 * OPEN_FOR);
    }
}

/// The budget by itself, no breaker: a full outage would make three attempts of each call.
#[test]
fn without_a_breaker_the_budget_alone_keeps_an_outage_to_a_tenth_more() {
    for condition in [Condition::Refusing, Condition::Hanging] {
        let simulation = simulation(&format!("outage without breaker, {condition}"), outage(condition));
        let report = simulation
            .run(async |it| it.drive(&(retry(RetryConfig::FAST).budget(a_tenth()), timeout(secs(1)))).await);
        report.whole().assert_amplification_at_most(1.1);
        // The outage is met with what was saved before it, 100 retries.
        report.between(OUTAGE).assert_amplification_at_most(1.12);
        report.recovery(OUTAGE).assert_within(2 * OPEN_FOR);
    }
}

#[test]
fn a_budget_alone_keeps_a_stumble_from_becoming_a_storm() {
    let report = simulation("retry storm, budget", stumble())
        .run(async |it| it.drive(&(retry(RetryConfig::FAST).budget(a_tenth()), timeout(secs(1)))).await);
    report.recovery(STUMBLE).assert_within(secs(40));
    report.whole().assert_amplification_at_most(1.1);
    let goodput = report.after(secs(120)).figures().goodput;
    assert!(goodput > 0.999, "{goodput:.4}, seed {SEED}\n{report}");
}
