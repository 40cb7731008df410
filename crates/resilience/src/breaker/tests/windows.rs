//! Rates over the last so many calls and over the last so long.

use super::*;

/// Half of at least four of the last ten calls.
fn last_ten() -> BreakerConfig {
    BreakerConfig::default().window(Window::Count(10)).minimum_calls(4).open_for(10 * SECOND)
}

/// Half of at least four calls of the last ten seconds.
fn ten_seconds() -> BreakerConfig {
    last_ten().window(Window::Time(10 * SECOND))
}

#[tokio::test(start_paused = true)]
async fn a_rate_counts_only_from_the_minimum_of_calls_on() {
    for config in [last_ten(), ten_seconds()] {
        let breaker = breaker(config);
        for _ in 0..3 {
            fail(&breaker).await.unwrap_err();
            assert_eq!(breaker.state(), State::Closed);
        }
        fail(&breaker).await.unwrap_err();
        assert_eq!(breaker.state(), State::Open);
    }
}

/// The call that brings the minimum need not be a failure itself.
#[tokio::test(start_paused = true)]
async fn a_success_opens_it_where_it_completes_the_minimum() {
    for config in [last_ten(), ten_seconds()] {
        let breaker = breaker(config);
        for _ in 0..3 {
            fail(&breaker).await.unwrap_err();
        }
        succeed(&breaker).await.unwrap();
        assert_eq!(breaker.state(), State::Open);
        let said = breaker.explain().to_string();
        assert!(said.contains("3 of 4 calls failed (75 %)"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_window_forgets_what_is_more_than_its_size_ago() {
    let breaker = breaker(last_ten());
    for _ in 0..5 {
        succeed(&breaker).await.unwrap();
    }
    for _ in 0..4 {
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.state(), State::Closed, "4 of 9");
    succeed(&breaker).await.unwrap();
    for round in 0..30 {
        // The failures leave one by one as successes come, then they come again, and never are five in view.
        if round % 10 < 6 {
            succeed(&breaker).await.unwrap()
        } else {
            fail(&breaker).await.map_or(0, |v| v)
        };
        assert_eq!(breaker.state(), State::Closed, "round {round}");
    }
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((window.calls, window.failures), (10, 4));
}

#[tokio::test(start_paused = true)]
async fn a_time_window_forgets_what_is_longer_ago_than_its_span() {
    let breaker = breaker(ten_seconds());
    for _ in 0..3 {
        fail(&breaker).await.unwrap_err();
    }
    advance(Duration::from_millis(9_000)).await;
    assert_eq!(breaker.snapshot().window.unwrap().failures, 3);
    advance(Duration::from_millis(1_000)).await;
    assert_eq!(breaker.snapshot().window.unwrap().calls, 0);
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn too_many_slow_calls_open_it_though_they_succeed() {
    let config = last_ten().slow_call_rate(0.5).slow_call_after(SECOND);
    let breaker = breaker(config);
    for time in [2, 0, 2, 0] {
        assert_eq!(breaker.state(), State::Closed);
        take(&breaker, time * SECOND).await.unwrap();
    }
    assert_eq!(breaker.state(), State::Open);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.slow, snapshot.failures), (2, 0));
    assert!(breaker.explain().to_string().contains("2 of 4 calls were slow (50 %)"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_took_just_the_threshold_is_not_slow() {
    let breaker = breaker(last_ten().slow_call_rate(0.5).slow_call_after(SECOND));
    for _ in 0..6 {
        take(&breaker, SECOND).await.unwrap();
    }
    assert_eq!((breaker.state(), breaker.snapshot().slow), (State::Closed, 0));
}

/// A timeout outside the breaker would otherwise blind it: what its caller gave up after a slow wait was slow.
#[tokio::test(start_paused = true)]
async fn dropped_calls_that_were_slow_count_as_slow() {
    let breaker = breaker(last_ten().slow_call_rate(0.5).slow_call_after(SECOND));
    for _ in 0..4 {
        let call = breaker.call(pending::<Result<u32, &'static str>>);
        assert!(timeout(2 * SECOND, call).await.is_err());
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().abandoned, 4);
}

#[tokio::test(start_paused = true)]
async fn dropped_calls_that_were_quick_count_for_nothing() {
    let breaker = breaker(last_ten().slow_call_rate(0.5).slow_call_after(3 * SECOND));
    for _ in 0..8 {
        let call = breaker.call(pending::<Result<u32, &'static str>>);
        assert!(timeout(SECOND, call).await.is_err());
    }
    assert_eq!((breaker.state(), breaker.snapshot().window.unwrap().calls), (State::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_probe_is_a_failed_one() {
    let config = last_ten().slow_call_rate(0.5).slow_call_after(SECOND);
    let breaker = breaker(config);
    for _ in 0..4 {
        fail(&breaker).await.unwrap_err();
    }
    advance(10 * SECOND).await;
    take(&breaker, 2 * SECOND).await.unwrap();
    assert_eq!(breaker.state(), State::Open);
    let said = breaker.explain().to_string();
    assert!(said.contains("a probe ended in a slow answer"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_new_episode_begins_with_an_empty_window() {
    for config in [last_ten(), ten_seconds()] {
        let breaker = breaker(config.success_threshold(1).open_for(SECOND));
        for _ in 0..4 {
            fail(&breaker).await.unwrap_err();
        }
        advance(SECOND).await;
        succeed(&breaker).await.unwrap();
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(breaker.snapshot().window.unwrap().calls, 0);
        for _ in 0..3 {
            fail(&breaker).await.unwrap_err();
        }
        assert_eq!(breaker.state(), State::Closed, "three calls are not yet four");
    }
}

#[tokio::test(start_paused = true)]
async fn ignored_outcomes_do_not_come_into_the_window() {
    let breaker = breaker(last_ten())
        .fail_if(|error: &Error<&'static str>| !matches!(error, Error::Operation("not mine")));
    for _ in 0..10 {
        breaker.call(|| ready(Err::<u32, _>("not mine"))).await.unwrap_err();
    }
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.window.unwrap().calls, snapshot.ignored), (0, 10));
}

#[tokio::test(start_paused = true)]
async fn a_resized_window_keeps_as_many_calls_as_fit() {
    let breaker = breaker(last_ten());
    for _ in 0..7 {
        succeed(&breaker).await.unwrap();
    }
    for _ in 0..3 {
        fail(&breaker).await.unwrap_err();
    }
    let tally = || breaker.snapshot().window.map(|window| (window.calls, window.failures));
    breaker.reconfigure(last_ten().window(Window::Count(20))).unwrap();
    assert_eq!(tally(), Some((10, 3)));
    breaker.reconfigure(last_ten().window(Window::Count(4))).unwrap();
    assert_eq!(tally(), Some((4, 3)));
    succeed(&breaker).await.unwrap();
    assert!(
        breaker.explain().to_string().contains("3 of 4 calls failed"),
        "the success that was there made room"
    );
}

#[tokio::test(start_paused = true)]
async fn a_time_window_stays_as_it_is_when_other_things_change() {
    let breaker = breaker(ten_seconds());
    for _ in 0..3 {
        fail(&breaker).await.unwrap_err();
    }
    breaker.reconfigure(ten_seconds().minimum_calls(3).open_for(5 * SECOND)).unwrap();
    assert_eq!(breaker.state(), State::Closed, "a call decides, not a configuration");
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open);
}
