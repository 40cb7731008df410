use super::*;
use crate::{
    Error, Retry, RetryConfig, ShedReason, Timeout, Verdict,
    telemetry::{Event, Observer, OnEvent, PolicyId},
};
use std::{
    collections::HashMap,
    future::{pending, ready},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

/// One failure makes an outlier, and an ejection lasts 10 s the first time.
fn config() -> OutliersConfig {
    OutliersConfig::default().consecutive_failures(1).failure_rate(None).base_ejection(10 * SECOND)
}

fn set(config: OutliersConfig, endpoints: u32) -> Outliers<u32> {
    Outliers::new("hosts", config, 0..endpoints).unwrap()
}

/// Chooses until `endpoint` comes, and says this of it; others succeed.
fn say<O: Observer>(set: &Outliers<u32, crate::Failures, O>, endpoint: u32, verdict: Verdict) {
    for _ in 0..100 {
        let chosen = set.choose().unwrap();
        if *chosen == endpoint {
            return chosen.record(verdict);
        }
        chosen.record(Verdict::Success);
    }
    panic!("{endpoint} is never chosen");
}

fn fail(set: &Outliers<u32>, endpoint: u32) {
    say(set, endpoint, Verdict::Failure);
}

fn standing(set: &Outliers<u32>, endpoint: u32) -> Standing {
    set.explain().into_iter().find(|report| *report.endpoint == endpoint).unwrap().standing
}

fn is_out(set: &Outliers<u32>, endpoint: u32) -> bool {
    matches!(standing(set, endpoint), Standing::Ejected { .. } | Standing::Trial)
}

fn remaining(set: &Outliers<u32>, endpoint: u32) -> Duration {
    match standing(set, endpoint) {
        Standing::Ejected { remaining, .. } => remaining,
        other => panic!("{endpoint} is {other:?}"),
    }
}

/// How often each endpoint is chosen in `n` calls that succeed.
fn shares(set: &Outliers<u32>, n: usize) -> HashMap<u32, usize> {
    let mut shares = HashMap::new();
    for _ in 0..n {
        let chosen = set.choose().unwrap();
        *shares.entry(*chosen).or_default() += 1;
        chosen.record(Verdict::Success);
    }
    shares
}

#[test]
fn endpoints_take_turns() {
    assert_eq!(shares(&set(config(), 3), 300), HashMap::from([(0, 100), (1, 100), (2, 100)]));
}

#[test]
fn of_two_drawn_at_random_the_less_busy_is_chosen() {
    let two_choices = |seed| set(config().strategy(Strategy::TwoChoices).seed(seed), 2);
    let hosts = two_choices(1);
    let slow = hosts.choose().unwrap();
    for _ in 0..50 {
        let chosen = hosts.choose().unwrap();
        assert_ne!(*chosen, *slow, "the other has none in flight");
    }
    drop(slow);
    let (first, again, other) =
        (shares(&two_choices(1), 99), shares(&two_choices(1), 99), shares(&two_choices(2), 99));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let many = shares(&set(config().strategy(Strategy::TwoChoices).seed(3), 10), 10_000);
    assert!(many.values().all(|share| (800..1_200).contains(share)), "{many:?}");
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_eject_and_a_success_between_them_does_not() {
    let hosts = set(config().consecutive_failures(3), 2);
    for _ in 0..5 {
        fail(&hosts, 0);
        fail(&hosts, 0);
        say(&hosts, 0, Verdict::Success);
    }
    fail(&hosts, 0);
    say(&hosts, 0, Verdict::Ignore);
    fail(&hosts, 0);
    assert!(!is_out(&hosts, 0));
    fail(&hosts, 0);
    assert!(is_out(&hosts, 0));
    assert_eq!(shares(&hosts, 10), HashMap::from([(1, 10)]));
}

/// Exact arithmetic of the cap: percent of all, rounded down, and one always stays unless that is waived.
#[tokio::test(start_paused = true)]
async fn no_more_are_ejected_than_the_share_allows() {
    // (endpoints, percent, whether none may stay, most out)
    let table = [
        (1, 50, false, 0),
        (1, 100, false, 0),
        (1, 100, true, 1),
        (1, 99, true, 0),
        (2, 50, false, 1),
        (2, 49, false, 0),
        (2, 100, false, 1),
        (2, 100, true, 2),
        (3, 50, false, 1),
        (3, 66, false, 1),
        (3, 67, false, 2),
        (3, 100, false, 2),
        (3, 100, true, 3),
        (5, 0, true, 0),
        (5, 19, false, 0),
        (5, 20, false, 1),
        (5, 50, false, 2),
        (5, 60, false, 3),
        (5, 100, false, 4),
        (5, 100, true, 5),
        (100, 29, false, 29),
    ];
    for (endpoints, percent, allow_none, most) in table {
        let hosts = set(config().max_ejected_percent(percent).allow_none(allow_none), endpoints);
        for _ in 0..3 * endpoints {
            if let Ok(chosen) = hosts.choose() {
                chosen.record(Verdict::Failure);
            }
            assert!(hosts.snapshot().ejected <= most);
        }
        let context = format!("{percent} % of {endpoints}, none: {allow_none}");
        assert_eq!(hosts.snapshot().ejected, most, "{context}");
        assert_eq!(hosts.choose().is_err(), most == endpoints as usize, "{context}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outlier_that_may_not_go_stays_and_goes_once_it_may() {
    let hosts = set(config().consecutive_failures(2), 2);
    fail(&hosts, 0);
    fail(&hosts, 0);
    for _ in 0..3 {
        fail(&hosts, 1);
    }
    assert_eq!(standing(&hosts, 1), Standing::Kept(Cause::ConsecutiveFailures(3)));
    advance(10 * SECOND).await;
    let trial = hosts.choose().unwrap();
    assert!(trial.is_trial());
    trial.record(Verdict::Success);
    fail(&hosts, 1);
    assert!(is_out(&hosts, 1) && !is_out(&hosts, 0));
}

#[tokio::test(start_paused = true)]
async fn ejections_last_longer_each_time_up_to_a_bound_and_time_in_the_set_forgives_them() {
    let hosts = set(config().max_ejection(25 * SECOND), 2);
    fail(&hosts, 0);
    for expected in [10, 20, 25, 25] {
        assert_eq!(remaining(&hosts, 0), expected * SECOND);
        advance(expected * SECOND).await;
        fail(&hosts, 0); // its trial
    }
    advance(25 * SECOND).await;
    say(&hosts, 0, Verdict::Success);
    assert!(!is_out(&hosts, 0));
    let ejections = |hosts: &Outliers<u32>| hosts.explain()[0].ejections;
    assert_eq!(ejections(&hosts), 5);
    advance(20 * SECOND).await;
    assert_eq!(ejections(&hosts), 3, "two base times forgive two");
    fail(&hosts, 0);
    assert_eq!(ejections(&hosts), 4);
    advance(25 * SECOND).await;
    say(&hosts, 0, Verdict::Success);
    advance(3_600 * SECOND).await;
    fail(&hosts, 0);
    assert_eq!(remaining(&hosts, 0), 10 * SECOND, "all is forgiven");
}

#[tokio::test(start_paused = true)]
async fn one_call_at_a_time_tries_an_endpoint_whose_time_is_over() {
    let hosts = set(config(), 3);
    fail(&hosts, 0);
    advance(10 * SECOND - Duration::from_millis(1)).await;
    assert_eq!(shares(&hosts, 10).get(&0), None);
    advance(Duration::from_millis(1)).await;
    let trial = hosts.choose().unwrap();
    assert_eq!((*trial, trial.is_trial(), standing(&hosts, 0)), (0, true, Standing::Trial));
    assert_eq!(shares(&hosts, 10).get(&0), None, "no second trial beside it");
    drop(trial); // abandoned: the next call may try
    let trial = hosts.choose().unwrap();
    assert!(trial.is_trial());
    trial.record(Verdict::Ignore);
    let trial = hosts.choose().unwrap();
    trial.record(Verdict::Success);
    assert_eq!(standing(&hosts, 0), Standing::In);
    assert_eq!(shares(&hosts, 9)[&0], 3);
}

/// OmniRoute#13836: a trial that never ends must not keep its endpoint out for ever; and what it says in the end is stale.
#[tokio::test(start_paused = true)]
async fn a_trial_that_hangs_loses_its_place_to_another() {
    let hosts = set(config().trial_lease(5 * SECOND), 2);
    fail(&hosts, 0);
    advance(10 * SECOND).await;
    let hung = hosts.choose().unwrap();
    advance(5 * SECOND).await;
    let second = hosts.choose().unwrap();
    assert!(hung.is_trial() && second.is_trial());
    hung.record(Verdict::Success);
    assert_eq!(standing(&hosts, 0), Standing::Trial);
    second.record(Verdict::Failure);
    assert_eq!(remaining(&hosts, 0), 20 * SECOND);
}

/// Polly#223: calls from before must neither open nor close what came after.
#[tokio::test(start_paused = true)]
async fn results_of_calls_from_before_an_ejection_move_nothing() {
    let hosts = set(config(), 2);
    let mut early: Vec<_> = (0..8).map(|_| hosts.choose().unwrap()).filter(|chosen| **chosen == 0).collect();
    assert_eq!(early.len(), 4);
    fail(&hosts, 0);
    early.pop().unwrap().record(Verdict::Success);
    early.pop().unwrap().record(Verdict::Failure);
    assert_eq!(remaining(&hosts, 0), 10 * SECOND);
    advance(10 * SECOND).await;
    let trial = hosts.choose().unwrap();
    early.pop().unwrap().record(Verdict::Failure);
    assert_eq!(standing(&hosts, 0), Standing::Trial);
    trial.record(Verdict::Success);
    early.pop().unwrap().record(Verdict::Failure);
    assert_eq!(standing(&hosts, 0), Standing::In);
    assert_eq!(hosts.snapshot().ejections, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_rate_over_enough_calls_in_the_window_ejects() {
    let by_rate = config().consecutive_failures(None).failure_rate(0.5).min_calls(10).window(10 * SECOND);
    let hosts = set(by_rate.clone(), 2);
    for _ in 0..4 {
        fail(&hosts, 0);
        say(&hosts, 0, Verdict::Success);
    }
    fail(&hosts, 0);
    assert!(!is_out(&hosts, 0), "nine calls say nothing");
    say(&hosts, 0, Verdict::Success);
    assert_eq!(hosts.snapshot().ejected, 1);
    let cause = Cause::FailureRate { rate: 0.5, calls: 10 };
    assert_eq!(standing(&hosts, 0), Standing::Ejected { cause, remaining: 10 * SECOND });

    let hosts = set(by_rate, 2);
    for second in 0..60 {
        // One failure and two successes a second: a third fails, in any ten seconds.
        fail(&hosts, 0);
        say(&hosts, 0, Verdict::Success);
        say(&hosts, 0, Verdict::Success);
        assert!(!is_out(&hosts, 0), "after {second} s");
        advance(SECOND).await;
    }
    let seen = |hosts: &Outliers<u32>| (hosts.explain()[0].calls, hosts.explain()[0].failures);
    assert_eq!(seen(&hosts), (27, 9), "nine whole buckets and the one begun");
    advance(9 * SECOND).await;
    assert_eq!(seen(&hosts), (0, 0));
}

/// Against a list of all outcomes with their times.
#[test]
fn the_window_counts_what_its_last_ten_buckets_saw() {
    for seed in (0..50).chain([fastrand::u64(..)]) {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut window, mut outcomes, width) = (window::Window::default(), Vec::new(), rng.u64(1..50));
        let mut now = rng.u64(0..1_000);
        for _ in 0..500 {
            now += if rng.u8(0..20) == 0 { rng.u64(0..20 * width) } else { rng.u64(0..width) };
            let failed = rng.bool();
            outcomes.push((now / width, failed));
            let seen = window.record(now, width, failed);
            let expected = |now: u64| {
                let inside = || outcomes.iter().filter(|(bucket, _)| bucket + 10 > now / width);
                (inside().count() as u64, inside().filter(|(_, failed)| *failed).count() as u64)
            };
            assert_eq!((seen.calls, seen.failures), expected(now));
            let later = now + rng.u64(0..15 * width);
            let seen = window.totals(later);
            assert_eq!((seen.calls, seen.failures), expected(later));
        }
    }
}

/// Envoy's success-rate outlier: the others tell what can be expected.
#[tokio::test(start_paused = true)]
async fn a_success_rate_far_below_the_others_ejects() {
    let deviating = config().consecutive_failures(None).deviation(1.9).min_calls(20);
    for (endpoints, ejected) in [(4, false), (8, true)] {
        let hosts = set(deviating.clone(), endpoints);
        for n in 0..20 {
            let mut round: Vec<_> = (0..endpoints).map(|_| hosts.choose().unwrap()).collect();
            round.sort_by_key(|chosen| **chosen);
            for chosen in round {
                // A tenth fails everywhere; of the last, two fifths.
                let fails = n % 10 == 0 || *chosen == endpoints - 1 && n % 5 < 2;
                chosen.record(if fails { Verdict::Failure } else { Verdict::Success });
            }
        }
        let out = (0..endpoints).filter(|endpoint| is_out(&hosts, *endpoint)).collect::<Vec<_>>();
        assert_eq!(out, if ejected { vec![endpoints - 1] } else { vec![] }, "of {endpoints}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_endpoint_a_call_is_shed_and_told_when_to_come_again() {
    let hosts = set(config().max_ejected_percent(100).allow_none(true), 2);
    fail(&hosts, 0);
    advance(3 * SECOND).await;
    fail(&hosts, 1);
    let shed = hosts.call(|_| ready(Ok::<(), &str>(()))).await.unwrap_err();
    let (reason, retry_after) = (ShedReason::NoEndpoint, Some(7 * SECOND));
    assert_eq!(shed, Error::Shed { policy: "hosts".into(), reason, retry_after });
    assert_eq!(hosts.snapshot().rejected, 1);
    let empty = set(config(), 0);
    let none = empty.choose().unwrap_err();
    assert_eq!(none.to_string(), "`hosts` has no endpoint left to call");
    assert_eq!(none.retry_after, None);
}

#[tokio::test(start_paused = true)]
async fn all_are_used_where_none_is_left_if_so_set() {
    let panic_mode = config().max_ejected_percent(100).allow_none(true).when_none(WhenNone::UseAll);
    let hosts = set(panic_mode.clone(), 3);
    for endpoint in 0..3 {
        fail(&hosts, endpoint);
    }
    assert_eq!(shares(&hosts, 9), HashMap::from([(0, 3), (1, 3), (2, 3)]));
    assert_eq!(hosts.snapshot().ejected, 3, "their answers move nothing; a trial does");
    assert!(set(panic_mode, 0).choose().is_err());
    advance(10 * SECOND).await;
    let trial = hosts.choose().unwrap();
    assert!(trial.is_trial());
    trial.record(Verdict::Success);
    assert_eq!(hosts.snapshot().ejected, 2);
}

#[tokio::test(start_paused = true)]
async fn endpoints_come_and_go_and_the_cap_holds() {
    let hosts = set(config(), 4);
    fail(&hosts, 0);
    advance(SECOND).await;
    fail(&hosts, 1);
    assert_eq!(hosts.snapshot().ejected, 2);
    assert!(hosts.remove(&3) && !hosts.remove(&3));
    assert_eq!((is_out(&hosts, 0), is_out(&hosts, 1)), (false, true), "the one due first comes back");
    assert_eq!(hosts.snapshot().readmissions, 1);
    assert!(hosts.add(7) && !hosts.add(7));
    assert_eq!(shares(&hosts, 9), HashMap::from([(0, 3), (2, 3), (7, 3)]));
    hosts.update([1, 2, 8]);
    assert_eq!(hosts.explain().iter().map(|report| *report.endpoint).collect::<Vec<_>>(), [1, 2, 8]);
    assert!(is_out(&hosts, 1), "what is known of those that stay is kept");
    hosts.update([]);
    assert!(hosts.choose().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_call_to_an_endpoint_that_was_taken_away_moves_nothing() {
    let hosts = set(config(), 2);
    let (first, second) = (hosts.choose().unwrap(), hosts.choose().unwrap());
    let gone = *first;
    assert!(hosts.remove(&gone));
    first.record(Verdict::Failure);
    assert!(hosts.add(gone));
    second.record(Verdict::Success);
    assert_eq!((hosts.snapshot().ejections, hosts.explain()[1].in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn reconfigured_it_keeps_what_it_knows_and_brings_back_who_may_not_be_out() {
    let hosts = set(config(), 4);
    fail(&hosts, 0);
    advance(SECOND).await;
    fail(&hosts, 1);
    hosts.reconfigure(config().consecutive_failures(3)).unwrap();
    assert_eq!((remaining(&hosts, 0), remaining(&hosts, 1)), (9 * SECOND, 10 * SECOND));
    fail(&hosts, 2);
    assert!(!is_out(&hosts, 2));
    hosts.reconfigure(config().max_ejected_percent(25)).unwrap();
    assert_eq!((is_out(&hosts, 0), is_out(&hosts, 1)), (false, true));
    assert!(hosts.reconfigure(config().max_ejected_percent(101)).is_err());
    assert_eq!(hosts.config().max_ejected_percent, 25);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_it_counts_and_ejects_nobody() {
    let hosts = set(config().shadow(true).consecutive_failures(2), 3);
    for _ in 0..6 {
        fail(&hosts, 0);
    }
    let now = hosts.snapshot();
    assert_eq!((now.would_eject, now.ejections, now.ejected), (3, 0, 0));
    assert_eq!(shares(&hosts, 9)[&0], 3);
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_ejections_and_readmissions() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let hosts = set(config(), 2).observe(OnEvent::new(move |policy: &PolicyId, event| {
        assert_eq!(policy.to_string(), "outliers `hosts`");
        heard.lock().unwrap().push(event);
    }));
    say(&hosts, 1, Verdict::Failure);
    advance(10 * SECOND).await;
    say(&hosts, 1, Verdict::Success);
    let (failed, succeeded) = (Event::Ended(Verdict::Failure), Event::Ended(Verdict::Success));
    assert_eq!(*events.lock().unwrap(), [failed, Event::Ejected, succeeded, Event::Readmitted]);
}

#[tokio::test(start_paused = true)]
async fn it_explains_why_each_endpoint_is_in_or_out() {
    let hosts = Outliers::new("hosts", config().consecutive_failures(2), ["a", "b", "c"]).unwrap();
    let mut calls: Vec<_> = (0..6).map(|_| hosts.choose().unwrap()).collect();
    calls.sort_by_key(|chosen| **chosen);
    for (n, chosen) in calls.into_iter().enumerate() {
        chosen.record(if n < 5 { Verdict::Failure } else { Verdict::Success });
    }
    let said: Vec<_> = hosts.explain().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            r#""a" is out for another 10s, the 1st time: 2 failures in a row"#,
            r#""b" is in, though 2 failures in a row: no more may be ejected"#,
            r#""c" is in: 0 of 0 calls failed, 0 in a row"#,
        ]
    );
    advance(10 * SECOND).await;
    let trial = hosts.choose().unwrap();
    assert_eq!(hosts.explain()[0].to_string(), r#""a" is out, and on trial"#);
    trial.record(Verdict::Failure);
    let said = hosts.explain()[0].to_string();
    assert_eq!(said, r#""a" is out for another 20s, the 2nd time: its trial failed"#);
    let rate = Cause::FailureRate { rate: 0.875, calls: 16 };
    assert_eq!(rate.to_string(), "87.5 % of 16 calls failed");
}

#[tokio::test(start_paused = true)]
async fn polled_k_times_then_dropped_leaves_nothing_held() {
    for k in 0..4 {
        let hosts = set(config(), 2);
        fail(&hosts, 0);
        advance(10 * SECOND).await;
        let mut trial = Box::pin(hosts.call(|_| pending::<Result<(), &str>>()));
        for _ in 0..k {
            assert!(futures::poll!(trial.as_mut()).is_pending());
        }
        assert_eq!(standing(&hosts, 0) == Standing::Trial, k > 0);
        drop(trial);
        assert!(hosts.explain().iter().all(|report| report.in_flight == 0), "polled {k} times");
        assert!(hosts.choose().unwrap().is_trial(), "the trial's place is free: polled {k} times");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_call_counts_as_is_a_setting_and_a_panic_is_a_failure() {
    let hosts = set(config().abandoned(Verdict::Failure), 2);
    let mut call = Box::pin(hosts.call(|_| pending::<Result<(), &str>>()));
    assert!(futures::poll!(call.as_mut()).is_pending());
    drop(call);
    assert_eq!(hosts.snapshot().ejected, 1);

    let hosts = Arc::new(set(config(), 2));
    let shared = hosts.clone();
    let panics = |_| async { if true { panic!("in the operation") } else { Ok::<(), &str>(()) } };
    tokio::spawn(async move { shared.call(panics).await }).await.unwrap_err();
    assert_eq!(hosts.snapshot().ejected, 1);
    assert!(hosts.explain().iter().all(|report| report.in_flight == 0));
}

#[tokio::test(start_paused = true)]
async fn only_what_counts_as_a_failure_ejects() {
    let hosts = set(config(), 2).fail_if(|error: &Error<u16>| matches!(error, Error::Operation(500..)));
    for status in [404, 404, 429, 404] {
        assert_eq!(hosts.call(|_| ready(Err::<(), _>(status))).await, Err(Error::Operation(status)));
    }
    assert_eq!(hosts.snapshot().ejected, 0);
    assert_eq!(hosts.call(|_| ready(Err::<(), _>(503))).await, Err(Error::Operation(503)));
    assert_eq!(hosts.snapshot().ejected, 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_outside_tries_another_endpoint_and_the_error_stays_flat() {
    let hosts = Arc::new(set(config(), 3));
    let shared = hosts.clone();
    let spawned = tokio::spawn(async move {
        let guard = (Timeout::new("t", 5 * SECOND).unwrap(), Retry::new("r", RetryConfig::FAST).unwrap());
        let tried = Mutex::new(Vec::new());
        let answer = shared.under(&guard).call(|endpoint, attempt| {
            tried.lock().unwrap().push((*endpoint, attempt.number()));
            assert!(attempt.time_left().is_some());
            ready(Err::<(), _>("down"))
        });
        let error = answer.await.unwrap_err();
        assert_eq!(error.operation(), Some(&"down"));
        tried.into_inner().unwrap()
    });
    let tried = spawned.await.unwrap();
    assert_eq!(tried.iter().map(|(_, attempt)| *attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_ne!(tried[0].0, tried[1].0);
    assert_eq!(hosts.snapshot().ejected, 1);
    let shed = Outliers::<u32>::new("hosts", config(), []).unwrap();
    let retry = Retry::new("r", RetryConfig::FAST).unwrap();
    let refused = shed.under(&retry).call(|_, _| ready(Ok::<(), &str>(()))).await;
    assert!(matches!(refused, Err(Error::Shed { reason: ShedReason::NoEndpoint, .. })));
}

/// Whatever happens, no more are out than allowed, an ejected endpoint gets nothing but trials, and no call stays counted.
#[tokio::test(start_paused = true)]
async fn random_use_keeps_to_the_cap_and_loses_no_call() {
    for seed in (0..60).chain([fastrand::u64(..)]) {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let draw_config = |rng: &mut fastrand::Rng| {
            config()
                .consecutive_failures(rng.u32(1..4))
                .failure_rate(rng.bool().then_some(0.5))
                .min_calls(rng.u32(1..10))
                .base_ejection(Duration::from_millis(rng.u64(1..2_000)))
                .max_ejection(5 * SECOND)
                .trial_lease(Duration::from_millis(rng.u64(1..3_000)))
                .max_ejected_percent(rng.u8(0..=100))
                .allow_none(rng.bool())
                .strategy(if rng.bool() { Strategy::RoundRobin } else { Strategy::TwoChoices })
                .abandoned(if rng.bool() { Verdict::Ignore } else { Verdict::Failure })
        };
        let first = draw_config(&mut rng);
        let hosts = set(first, rng.u32(0..8));
        let mut next = 100;
        let mut calls = Vec::new();
        let mut refused = 0;
        for _ in 0..3_000 {
            let out_before: Vec<u32> = hosts
                .explain()
                .iter()
                .filter(|report| matches!(report.standing, Standing::Ejected { .. } | Standing::Trial))
                .map(|report| *report.endpoint)
                .collect();
            match rng.u8(0..20) {
                0..=8 => match hosts.choose() {
                    Ok(chosen) => {
                        let was_out = out_before.contains(&chosen);
                        assert_eq!(was_out, chosen.is_trial(), "only a trial goes to who is out");
                        calls.push(chosen);
                    }
                    Err(_) => {
                        assert_eq!(out_before.len(), hosts.snapshot().endpoints, "refused though one is in");
                        refused += 1;
                    }
                },
                9..=15 if !calls.is_empty() => {
                    let chosen = calls.swap_remove(rng.usize(0..calls.len()));
                    match rng.u8(0..6) {
                        0 | 1 => chosen.record(Verdict::Success),
                        2 | 3 => chosen.record(Verdict::Failure),
                        4 => chosen.record(Verdict::Ignore),
                        _ => drop(chosen),
                    }
                }
                16 => {
                    next += 1;
                    assert!(hosts.add(next));
                }
                17 => {
                    let all = hosts.explain();
                    if !all.is_empty() {
                        assert!(hosts.remove(&all[rng.usize(0..all.len())].endpoint));
                    }
                }
                18 => hosts.reconfigure(draw_config(&mut rng)).unwrap(),
                _ => advance(Duration::from_millis(rng.u64(0..1_500))).await,
            }
            let (now, config) = (hosts.snapshot(), hosts.config());
            let by_share = now.endpoints * usize::from(config.max_ejected_percent) / 100;
            let keep = usize::from(!config.allow_none);
            assert!(now.ejected <= by_share.min(now.endpoints.saturating_sub(keep)), "{now:?} {config:?}");
            let in_flight: usize = hosts.explain().iter().map(|report| report.in_flight).sum();
            assert!(in_flight <= calls.len());
        }
        calls.clear();
        assert!(hosts.explain().iter().all(|report| report.in_flight == 0));
        assert_eq!(hosts.snapshot().rejected, refused);
        let balance = hosts.snapshot();
        assert!(balance.ejections > 0, "the series does something");
    }
}

#[test]
fn choosing_and_recording_allocates_nothing() {
    let hosts = set(OutliersConfig::default(), 3);
    drop(hosts.choose());
    let spent = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            hosts.choose().unwrap().record(Verdict::Success);
        }
    });
    assert_eq!(spent.count_total, 0);
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_all_at_once() {
    let wrong = OutliersConfig::default()
        .consecutive_failures(0)
        .failure_rate(1.5)
        .deviation(-1.0)
        .window(Duration::ZERO)
        .min_calls(0)
        .base_ejection(Duration::ZERO)
        .max_ejection(Duration::MAX)
        .max_ejected_percent(101)
        .trial_lease(Duration::ZERO);
    let problems = Outliers::<u32>::new("hosts", wrong, []).unwrap_err().problems;
    let fields: Vec<_> = problems.iter().map(|problem| &*problem.field).collect();
    assert_eq!(
        fields,
        [
            "consecutive_failures",
            "failure_rate",
            "deviation",
            "window",
            "min_calls",
            "base_ejection",
            "trial_lease",
            "max_ejection",
            "max_ejected_percent"
        ]
    );
    assert_eq!(
        problems[1].to_string(),
        "failure_rate = Some(1.5) is out of range: it must be above 0, at most 1, or absent for never"
    );
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_plain_data_and_unknown_fields_are_refused() {
    let text = r#"{"consecutive_failures": null, "failure_rate": 0.5, "base_ejection": "5s",
                   "strategy": "two_choices", "when_none": "use_all", "max_ejected_percent": 30}"#;
    let config: OutliersConfig = serde_json::from_str(text).unwrap();
    let expected = OutliersConfig::default()
        .consecutive_failures(None)
        .failure_rate(0.5)
        .base_ejection(5 * SECOND)
        .strategy(Strategy::TwoChoices)
        .when_none(WhenNone::UseAll)
        .max_ejected_percent(30);
    assert_eq!(config, expected);
    assert!(serde_json::from_str::<OutliersConfig>(r#"{"max_ejected": 30}"#).is_err());
}
