//! The faults of others, each by the thread that told of it.

use super::*;
use futures::future::join_all;

const MS: Duration = Duration::from_millis(1);

/// concurrency-limits#137: where every call took the same time until its timeout, latency had no gradient, and the
/// limit grew to its maximum.
#[tokio::test(start_paused = true)]
async fn constant_timeouts_lower_the_limit_to_its_minimum() {
    for algorithm in [Algorithm::GRADIENT, Algorithm::Vegas, Algorithm::AIMD] {
        let limit = adaptive(AdaptiveConfig::default().algorithm(algorithm).min_limit(2));
        let guard = (&limit, Timeout::new("attempt", 100 * MS).unwrap());
        for _ in 0..2_000 {
            let calls = (0..20).map(|_| guard.call(pending::<Result<(), &'static str>>));
            join_all(calls).await;
            assert!(limit.snapshot().limit <= 20, "{algorithm:?}");
        }
        assert_eq!(limit.snapshot().limit, 2, "{algorithm:?}");
    }
}

/// concurrency-limits#137: calls that answer, but not before the timeout, tell the same.
#[tokio::test(start_paused = true)]
async fn answers_after_the_timeout_lower_the_limit() {
    let limit = adaptive(AdaptiveConfig::default().timeout(100 * MS));
    for _ in 0..1_000 {
        join_all((0..20).map(|_| take(&limit, 101 * MS))).await;
    }
    assert_eq!(limit.snapshot().limit, 1);
}

/// That few calls run because few are made says nothing for more of them.
#[tokio::test(start_paused = true)]
async fn the_limit_does_not_grow_while_the_application_limits_itself() {
    for algorithm in [Algorithm::GRADIENT, Algorithm::Vegas, Algorithm::AIMD] {
        let limit = adaptive(AdaptiveConfig::default().algorithm(algorithm));
        for _ in 0..3_000 {
            join_all((0..9).map(|_| take(&limit, 100 * MS))).await;
        }
        assert_eq!(limit.snapshot().limit, 20, "{algorithm:?}");
        for _ in 0..300 {
            join_all((0..60).map(|_| take(&limit, 100 * MS))).await;
        }
        assert!(limit.snapshot().limit > 30, "{algorithm:?}: but it does once they are made");
    }
}

/// concurrency-limits PR#125: a window of a few health checks must not be kept until it is full, and then be believed.
#[tokio::test(start_paused = true)]
async fn a_low_rate_of_quick_calls_teaches_nothing() {
    let limit = adaptive(AdaptiveConfig::default());
    for _ in 0..20 {
        join_all((0..20).map(|_| take(&limit, 100 * MS))).await;
    }
    let quick = async |calls: u32| {
        for _ in 0..calls {
            tokio::time::sleep(Duration::from_secs(1)).await;
            take(&limit, MS).await.unwrap();
        }
    };
    // The window that was open may still be judged by the calls it holds.
    quick(10).await;
    let before = limit.snapshot();
    quick(3_600).await;
    let after = limit.snapshot();
    assert_eq!((after.limit, after.baseline), (before.limit, before.baseline));
}

/// concurrency-limits#213: calls that ran are counted when one starts. At its end those that started with it are gone,
/// and a limit that was used up would look as if it had not been.
#[tokio::test(start_paused = true)]
async fn whether_the_limit_was_used_up_is_seen_at_the_start_of_calls() {
    let limit = adaptive(eager(4));
    let mut calls: Vec<_> = (1..=4).map(|n| Box::pin(take(&limit, n * 100 * MS))).collect();
    for call in &mut calls {
        pend!(call);
    }
    // The last to start is also the last to end, alone by then.
    for call in calls {
        call.await.unwrap();
    }
    assert!(limit.snapshot().limit > 4);
}

/// palantir/dialogue#897: with 4 running, a limit of 4.5 has no place for a fifth.
#[tokio::test(start_paused = true)]
async fn of_a_fractional_limit_only_whole_places_are_given() {
    let limit = adaptive(eager(5));
    let overload = limit.call(|| async {
        tokio::time::sleep(Duration::from_secs(6)).await;
        Ok::<_, &str>(())
    });
    overload.await.unwrap();
    // 5 × 0.9
    assert_eq!(limit.snapshot().limit, 4);
    let mut running: Vec<_> = (0..4).map(|_| hold(normal(&limit))).collect();
    for call in &mut running {
        pend!(call);
    }
    assert!(hold(normal(&limit)).await.unwrap_err().is_rejection());
}

/// palantir/dialogue#897, the other side: a limit of less than two that is used up still grows.
#[tokio::test(start_paused = true)]
async fn a_limit_of_a_fraction_over_one_is_not_stuck() {
    for algorithm in [Algorithm::GRADIENT, Algorithm::Vegas, Algorithm::AIMD] {
        let config = AdaptiveConfig::default().algorithm(algorithm).initial_limit(1);
        let limit = adaptive(config);
        for _ in 0..5_000 {
            join_all((0..10).map(|_| take(&limit, 20 * MS))).await;
        }
        assert!(limit.snapshot().limit >= 10, "{algorithm:?}: {:?}", limit.snapshot());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_tells_nothing_unless_it_ran_longer_than_the_timeout() {
    let dropped_after = async |config: AdaptiveConfig, time: Duration| {
        let limit = adaptive(config);
        assert!(tokio::time::timeout(time, hold(normal(&limit))).await.is_err());
        assert_eq!(counts(&limit), (0, 0));
        limit.snapshot().limit
    };
    assert_eq!(dropped_after(eager(10), Duration::from_secs(4)).await, 10);
    assert_eq!(dropped_after(eager(10), Duration::from_secs(6)).await, 9);
    assert_eq!(dropped_after(eager(10).timeout(None), Duration::from_secs(6)).await, 10);
    assert_eq!(dropped_after(eager(10).abandoned(Verdict::Failure), Duration::from_secs(4)).await, 9);
}

/// One unlucky call among many is no overload: a large limit would be cut after every window.
#[tokio::test(start_paused = true)]
async fn one_overload_in_two_hundred_calls_is_not_believed() {
    let limit = adaptive(AdaptiveConfig::default().algorithm(Algorithm::AIMD).initial_limit(200));
    let limit = limit.overload_if(|error: &Error<&str>| matches!(error, Error::Operation("busy")));
    for round in 0..10 {
        let calls = (0..200).map(|n| {
            limit.call(move || async move {
                tokio::time::sleep(600 * MS).await;
                if n == 0 { Err("busy") } else { Ok(()) }
            })
        });
        join_all(calls).await;
        assert_eq!(limit.snapshot().limit, 200, "round {round}");
    }
    for _ in 0..3 {
        let calls = (0..100).map(|n| {
            limit.call(move || async move {
                tokio::time::sleep(600 * MS).await;
                if n % 10 == 0 { Err("busy") } else { Ok(()) }
            })
        });
        join_all(calls).await;
    }
    assert!(limit.snapshot().limit < 200, "but ten in a hundred are");
}

/// A quick error looks like a quick callee, and would draw more load to one that fails.
#[tokio::test(start_paused = true)]
async fn errors_that_come_quickly_are_no_quick_answers() {
    let limit = adaptive(AdaptiveConfig::default());
    for _ in 0..100 {
        join_all((0..20).map(|_| take(&limit, 100 * MS))).await;
    }
    let before = limit.snapshot();
    for _ in 0..1_000 {
        let calls = (0..20).map(|_| {
            limit.call(|| async {
                tokio::time::sleep(MS).await;
                Err::<(), _>("down")
            })
        });
        join_all(calls).await;
    }
    let after = limit.snapshot();
    assert_eq!((after.limit, after.baseline), (before.limit, before.baseline));
}

/// A probe that finds too few calls to measure by gives the limit back.
#[tokio::test(start_paused = true)]
async fn the_limit_is_not_kept_low_where_calls_have_ceased() {
    let limit = adaptive(AdaptiveConfig::default());
    assert_eq!(limit.snapshot().limit, 12, "three fifths of it, to measure under");
    for _ in 0..10 {
        take(&limit, 100 * MS).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!((limit.snapshot().limit, limit.snapshot().baseline), (20, None));
    for _ in 0..100 {
        join_all((0..20).map(|_| take(&limit, 100 * MS))).await;
    }
    assert_eq!(limit.snapshot().baseline, Some(100 * MS), "it is measured once there are calls");
}
