//! How long it stays open, and how it comes back.

use super::*;

/// Fails the probe of an open breaker and answers how long it is then open for.
async fn reopened_for(breaker: &CircuitBreaker) -> Duration {
    let wait = breaker.explain().next_probe.unwrap();
    advance(wait).await;
    fail(breaker).await.unwrap_err();
    breaker.explain().next_probe.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_open_time_grows_while_probes_fail_up_to_its_longest_and_begins_anew_after_recovery() {
    let config = small().open_for(SECOND).open_backoff(2.0).open_for_max(5 * SECOND).success_threshold(1);
    let breaker = opened(config).await;
    assert_eq!(breaker.explain().next_probe, Some(SECOND));
    for expected in [2, 4, 5, 5] {
        assert_eq!(reopened_for(&breaker).await, expected * SECOND);
    }
    assert_eq!(breaker.explain().opened_before, 4);
    advance(5 * SECOND).await;
    succeed(&breaker).await.unwrap();
    for _ in 0..2 {
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.explain().next_probe, Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn an_open_time_that_grows_for_ever_saturates() {
    let config = small().open_for(SECOND).open_backoff(100.0).open_for_max(20 * SECOND);
    let breaker = opened(config).await;
    for _ in 0..300 {
        assert_eq!(reopened_for(&breaker).await, 20 * SECOND);
    }
    assert_eq!(breaker.explain().opened_before, 127, "counted as far as there is room for");
}

#[tokio::test(start_paused = true)]
async fn jitter_takes_its_share_off_and_repeats_with_its_seed() {
    let times = async |seed| {
        let breaker = opened(small().open_for(10 * SECOND).open_jitter(0.5).seed(seed)).await;
        let mut times = Vec::new();
        for _ in 0..50 {
            times.push(reopened_for(&breaker).await);
        }
        times
    };
    let first = times(1).await;
    assert!(first.iter().all(|time| (5 * SECOND..=10 * SECOND).contains(time)), "{first:?}");
    assert!(first.iter().max().unwrap().saturating_sub(*first.iter().min().unwrap()) > 3 * SECOND);
    assert_eq!(first, times(1).await);
    assert_ne!(first, times(2).await);
}

/// 10 % of the calls for 10 s, half of them for the next 10.
fn ramped() -> BreakerConfig {
    small().success_threshold(1).ramp([0.1, 0.5]).ramp_step(10 * SECOND)
}

async fn share_that_passes(breaker: &CircuitBreaker) -> usize {
    let mut passed = 0;
    for _ in 0..100 {
        passed += usize::from(succeed(breaker).await.is_ok());
    }
    passed
}

#[tokio::test(start_paused = true)]
async fn after_recovery_a_growing_share_passes_until_it_closes() {
    let breaker = opened(ramped()).await;
    advance(10 * SECOND).await;
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Ramping);
    assert_eq!(share_that_passes(&breaker).await, 10);
    let refused = succeed(&breaker).await.unwrap_err();
    assert_eq!(refused.retry_after(), Some(10 * SECOND));
    advance(10 * SECOND).await;
    assert_eq!(share_that_passes(&breaker).await, 50);
    advance(10 * SECOND).await;
    assert_eq!(share_that_passes(&breaker).await, 100);
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn failures_on_the_ramp_open_it_for_longer_than_before() {
    let breaker = opened(ramped().open_backoff(2.0)).await;
    advance(10 * SECOND).await;
    succeed(&breaker).await.unwrap();
    advance(10 * SECOND).await;
    while breaker.state() == State::Ramping {
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.explain().next_probe, Some(20 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_ramp_ends_with_the_first_call_after_its_last_step_however_late() {
    let breaker = opened(ramped()).await;
    advance(10 * SECOND).await;
    succeed(&breaker).await.unwrap();
    advance(3_600 * SECOND).await;
    assert_eq!(breaker.state(), State::Ramping);
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}
