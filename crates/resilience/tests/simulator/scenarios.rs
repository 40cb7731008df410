//! What pipelines make of faults: each figure with the seed and the table of the run in the message of its assertion.

use super::{ms, secs};
use mainstay_resilience::{
    BreakerConfig, CircuitBreaker, Retry, RetryConfig, Timeout,
    sim::{Cause, Clients, Condition, Report, Scenario, Server, ServiceTime, Simulation},
};
use std::{ops::Range, time::Duration};

pub(super) const SEED: u64 = 4_711;

pub(super) fn simulation(name: &str, scenario: Scenario) -> Simulation {
    Simulation::new(name, scenario.seed(SEED)).unwrap()
}

pub(super) fn retry(config: RetryConfig) -> Retry {
    Retry::new("valuer", config.seed(SEED)).unwrap()
}

pub(super) fn breaker(open_for: Duration) -> CircuitBreaker {
    CircuitBreaker::new("valuer", BreakerConfig::default().open_for(open_for)).unwrap()
}

pub(super) fn timeout(limit: Duration) -> Timeout {
    Timeout::new("valuer", limit).unwrap()
}

#[test]
fn one_fault_in_twenty_is_hardly_seen_by_users_who_retry() {
    let scenario =
        Scenario::new(Server::default().fault_rate(0.05), Clients::poisson(100.0)).lasting(secs(600));
    let bare = simulation("5 % faults, bare", scenario.clone()).run(async |it| it.drive(&()).await);
    let errors = bare.whole().figures().error_rate();
    assert!((0.045..0.055).contains(&errors), "without retries 5 % are seen, found {errors:.4}, seed {SEED}");

    let retried =
        simulation("5 % faults", scenario).run(async |it| it.drive(&retry(RetryConfig::FAST)).await);
    retried.whole().assert_user_errors_below(0.005).assert_amplification_at_most(1.06);
}

pub(super) const OUTAGE: Range<Duration> = secs(60)..secs(120);
pub(super) const OPEN_FOR: Duration = secs(5);

/// 100 calls a second on a server for 200; nothing answers for a minute.
pub(super) fn outage(condition: Condition) -> Scenario {
    let server = Server::default().at(OUTAGE.start, condition).at(OUTAGE.end, Condition::Healthy);
    Scenario::new(server, Clients::poisson(100.0)).lasting(secs(180))
}

async fn behind_a_breaker(simulation: &Simulation) -> Report {
    let guard = (retry(RetryConfig::FAST), breaker(OPEN_FOR), timeout(secs(1)));
    simulation.drive(&guard).await
}

#[test]
fn in_an_outage_the_breaker_spares_the_server_and_lets_calls_through_soon_after() {
    for condition in [Condition::Refusing, Condition::Hanging] {
        let report = simulation(&format!("outage, {condition}"), outage(condition)).run(behind_a_breaker);
        // Calls under way when it begins are lost.
        report.between(..OUTAGE.start - secs(1)).assert_goodput(1.0);
        report.between(OUTAGE).assert_amplification_at_most(0.1);
        report.whole().assert_amplification_at_most(1.1);
        report.recovery(OUTAGE).assert_within(2 * OPEN_FOR);
        let errors = report.whole().figures().errors.clone();
        assert!(errors[&Cause::CircuitOpen] > 5_000, "seed {SEED}: {report}");
    }
}

/// A retry storm: for ten seconds the server is slow, and callers who time out and try again keep it busy with work
/// that nobody waits for, long after its trouble is over.
///
/// Bronson, Aghayev, Charapko and Zhu, *Metastable failures in distributed systems*, HotOS 2021.
pub(super) const STUMBLE: Range<Duration> = secs(60)..secs(70);

pub(super) fn stumble() -> Scenario {
    let slow = Condition::BrownOut { slower: 10.0, fault_rate: 0.0 };
    let server = Server::default().at(STUMBLE.start, slow).at(STUMBLE.end, Condition::Healthy);
    // 140 of 200 requests a second.
    Scenario::new(server, Clients::poisson(140.0)).lasting(secs(300))
}

#[test]
fn retries_alone_turn_a_stumble_into_a_failure_that_stays() {
    let report = simulation("retry storm", stumble()).run(async |it| {
        let guard = (retry(RetryConfig::FAST), timeout(secs(1)));
        it.drive(&guard).await
    });
    report.between(..STUMBLE.start).assert_goodput(0.999);
    report.recovery(STUMBLE).assert_not_within(secs(220));
    let end = report.after(secs(240));
    let (goodput, wasted) = (end.figures().goodput, end.figures().wasted);
    assert!(
        goodput < 0.05,
        "minutes later hardly a call succeeds, found {goodput:.3}, seed {SEED}\n{report}"
    );
    assert!(
        wasted > 0.95,
        "the server works for callers who are gone, found {wasted:.3}, seed {SEED}\n{report}"
    );
}

#[test]
fn the_same_stumble_behind_a_breaker_is_over_soon() {
    let report = simulation("retry storm, breaker", stumble()).run(behind_a_breaker);
    report.between(..STUMBLE.start).assert_goodput(0.999);
    report.recovery(STUMBLE).assert_within(secs(30));
    report.after(secs(120)).assert_goodput(0.999);
}

/// What bites is the load that retries add to a backlog: without them it is worked off, sooner by a server that drops
/// the requests of those who have gone.
#[test]
fn without_retries_the_stumble_passes_by_itself() {
    for (finishes_abandoned, within) in [(true, secs(25)), (false, secs(3))] {
        let mut scenario = stumble();
        scenario.server.finishes_abandoned = finishes_abandoned;
        let simulation = simulation("no retries", scenario);
        let report = simulation.run(async |it| it.drive(&timeout(secs(1))).await);
        report.recovery(STUMBLE).assert_within(within);
        if finishes_abandoned {
            report.recovery(STUMBLE).assert_not_within(secs(10));
        }
    }
}

const BROWN_OUT: Range<Duration> = secs(60)..secs(180);

/// A third of all answers are faults, and they take twice as long: enough is left of the server for retries to help.
#[test]
fn a_brown_out_is_ridden_out_by_retries() {
    let poor = Condition::BrownOut { slower: 2.0, fault_rate: 0.3 };
    let server = Server::default().at(BROWN_OUT.start, poor).at(BROWN_OUT.end, Condition::Healthy);
    let scenario = Scenario::new(server, Clients::poisson(50.0)).lasting(secs(240));

    let bare = simulation("brown-out, bare", scenario.clone()).run(async |it| it.drive(&()).await);
    let goodput = bare.between(BROWN_OUT).figures().goodput;
    assert!(
        (0.67..0.73).contains(&goodput),
        "without retries 70 % are left, found {goodput:.3}, seed {SEED}"
    );

    let guarded = simulation("brown-out", scenario).run(async |it| {
        let guard = (retry(RetryConfig::FAST.max_attempts(5)), timeout(secs(2)));
        it.drive(&guard).await
    });
    guarded.between(BROWN_OUT).assert_goodput(0.99).assert_amplification_at_most(1.5);
    guarded.after(BROWN_OUT.end).assert_goodput(1.0);
}

/// Service times grow by two thirds of their healthy length every minute, until the process is restarted.
#[test]
fn a_slow_leak_ends_in_rejections_at_once_and_not_in_long_waits_for_nothing() {
    let leak = Condition::Leaking { growth_per_minute: 2.0 / 3.0 };
    let restart = secs(300);
    let server = Server::default().at(Duration::ZERO, leak).at(restart, Condition::Healthy);
    let scenario = Scenario::new(server, Clients::poisson(100.0)).lasting(secs(360));

    let bare = simulation("leak, bare", scenario.clone()).run(async |it| it.drive(&()).await);
    // Twice as slow after a minute and a half, and then no longer able to keep up.
    bare.between(..secs(60)).assert_goodput(0.999).assert_p99_at_most(secs(1));
    let late = bare.between(secs(240)..restart).figures().clone();
    assert!(
        late.goodput < 0.05,
        "the queue grows beyond all patience, found {:.3}, seed {SEED}\n{bare}",
        late.goodput
    );

    let guarded = simulation("leak", scenario).run(async |it| {
        let guard = (breaker(OPEN_FOR), timeout(secs(2)));
        it.drive(&guard).await
    });
    guarded.between(secs(240)..restart).assert_goodput(0.1).assert_p99_at_most(secs(2));
    guarded.after(restart + 2 * OPEN_FOR).assert_goodput(0.999);
}

/// 400 calls a second from two groups on a server for 200: the queue is fair to each call, so to the groups.
#[test]
fn groups_that_call_alike_fare_alike() {
    let server = Server::default().max_queued(100);
    let scenario = Scenario::new(server, Clients::poisson(200.0).named("web"))
        .and_clients(Clients::poisson(200.0).named("mobile"));
    let report = simulation("two groups", scenario).run(async |it| it.drive(&()).await);
    let by_client: Vec<_> = report.goodput_by_client().collect();
    assert_eq!((by_client[0].0, by_client[1].0), ("web", "mobile"));
    assert!(report.fairness() > 0.999, "fairness {:.4}, seed {SEED}\n{report}", report.fairness());
}

/// One group's breaker is open and the other's is not: one of two has everything, and Jain's index is near a half.
#[test]
fn a_group_that_is_locked_out_shows_in_the_index_of_fairness() {
    let scenario = Scenario::new(Server::default(), Clients::poisson(50.0).named("web"))
        .and_clients(Clients::poisson(50.0).named("mobile"));
    let report = simulation("one locked out", scenario).run(async |it| {
        let ask = async |request: mainstay_resilience::sim::Request| {
            let answer = request.send().await;
            if request.client() == "mobile" {
                Err(mainstay_resilience::Error::Operation("locked"))
            } else {
                answer.map_err(|_| mainstay_resilience::Error::Operation("failed"))
            }
        };
        it.drive_with(ask).await
    });
    assert!(
        (report.fairness() - 0.5).abs() < 1e-9,
        "fairness {:.4}, seed {SEED}\n{report}",
        report.fairness()
    );
}

/// 90 % of what the server can do, ten times an hour's calls in seconds: nothing drifts.
#[test]
fn an_hour_of_calls_takes_seconds_and_changes_nothing() {
    let server = Server::default().service_time(ServiceTime::log_normal(ms(50), 0.5));
    let scenario = Scenario::new(server, Clients::poisson(100.0)).lasting(secs(3600));
    let report = simulation("an hour", scenario).run(behind_a_breaker);
    report.whole().assert_goodput(0.999_9).assert_p99_at_most(ms(250));
    let (first, last) = (report.between(..secs(1200)), report.after(secs(2400)));
    let drift = last.figures().in_flight / first.figures().in_flight;
    assert!((0.95..1.05).contains(&drift), "requests at the server drift by {drift:.3}, seed {SEED}");
}
