use super::*;

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
