use super::{backoff::Backoff, *};
use crate::{Attempt, BreakerConfig, CircuitBreaker, Error, PolicyExt, StoppedBy, Timeout, Verdict};
use std::{cell::Cell, future::ready, time::Duration};
use tokio::time::Instant;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn exact(attempts: u32) -> RetryConfig {
    RetryConfig::FAST.max_attempts(attempts).jitter(Jitter::None)
}

#[tokio::test(start_paused = true)]
async fn succeeds_at_the_first_attempt_without_a_pause() {
    let retry = Retry::new("r", RetryConfig::STANDARD).unwrap();
    let began = Instant::now();
    assert_eq!(retry.call(|| ready(Ok::<_, &str>(7))).await, Ok(7));
    assert_eq!((began.elapsed(), retry.stats()), (Duration::ZERO, RetryStats::default()));
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_are_capped() {
    let retry = Retry::new("r", exact(6)).unwrap();
    let began = Instant::now();
    let starts = std::cell::RefCell::new(Vec::new());
    let failed = retry.call(|| {
        starts.borrow_mut().push(began.elapsed());
        ready(Err::<(), _>("down"))
    });
    let error = failed.await.unwrap_err();
    assert_eq!(
        *starts.borrow(),
        [0, 100, 300, 700, 1500, 2500].map(ms),
        "100, 200, 400, 800, then at most 1000 ms"
    );
    let Error::RetriesExhausted { attempts: 6, stopped_by: StoppedBy::Attempts, last, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(*last, Error::Operation("down"));
    let stats = retry.stats();
    assert_eq!((stats.retried, stats.extra_attempts, stats.recovered, stats.exhausted), (1, 5, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn recovers_and_counts_it() {
    let retry = Retry::new("r", exact(3)).unwrap();
    let answer = retry.call_with(|attempt: Attempt| {
        ready(if attempt.number() < 3 { Err("transient") } else { Ok(attempt.number()) })
    });
    assert_eq!(answer.await, Ok(3));
    assert_eq!((retry.stats().retried, retry.stats().recovered), (1, 1));
}

#[test]
fn the_presets_are_the_reports() {
    let spelt = |config: RetryConfig| (config.max_attempts, config.initial, config.max);
    assert_eq!(spelt(RetryConfig::FAST), (3, ms(100), ms(1_000)));
    assert_eq!(spelt(RetryConfig::STANDARD), (5, ms(500), ms(10_000)));
    assert_eq!(spelt(RetryConfig::AGGRESSIVE), (10, ms(200), ms(30_000)));
    assert_eq!(RetryConfig::NONE.max_attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn none_is_one_attempt_and_keeps_the_error_plain() {
    let retry = Retry::new("r", RetryConfig::NONE).unwrap();
    let attempts = Cell::new(0);
    let failed = retry.call(|| {
        attempts.set(attempts.get() + 1);
        ready(Err::<(), _>("down"))
    });
    assert_eq!(failed.await, Err(Error::Operation("down")));
    assert_eq!(attempts.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_what_the_classifier_calls_transient_is_tried_again() {
    let retry =
        Retry::new("r", exact(5)).unwrap().retry_if(|e: &Error<&str>| matches!(e, Error::Operation("busy")));
    let attempts = Cell::new(0);
    let failed = retry.call(|| {
        attempts.set(attempts.get() + 1);
        ready(Err::<(), _>(if attempts.get() == 1 { "busy" } else { "no such property" }))
    });
    assert_eq!(failed.await, Err(Error::Operation("no such property")));
    assert_eq!(attempts.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_value_may_be_tried_again_by_its_verdict() {
    let retry =
        Retry::new("r", exact(3)).unwrap().classify(|outcome: Result<&u32, &Error<&str>>| match outcome {
            Ok(0) => Verdict::Failure,
            _ => Verdict::Success,
        });
    let attempts = Cell::new(0);
    let answer = retry.call(|| {
        attempts.set(attempts.get() + 1);
        ready(Ok(attempts.get() - 1))
    });
    assert_eq!((answer.await, attempts.get()), (Ok(1), 2));
}

/// A retry outside a breaker must not hammer it: an open circuit is no failed attempt.
#[tokio::test(start_paused = true)]
async fn an_open_circuit_is_not_tried_again() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default().failure_threshold(2)).unwrap();
    let retry = Retry::new("r", exact(10)).unwrap();
    let attempts = Cell::new(0);
    let guard = (&retry, &breaker);
    let failed = guard.call(|| {
        attempts.set(attempts.get() + 1);
        ready(Err::<(), _>("down"))
    });
    assert!(matches!(failed.await, Err(Error::CircuitOpen { .. })));
    assert_eq!(attempts.get(), 2);
}

/// ihrwein/backoff#42, backon#43: no attempt after the deadline, and no sleep up to it for nothing.
#[tokio::test(start_paused = true)]
async fn never_sleeps_past_the_callers_deadline() {
    let guard = (Timeout::new("t", ms(450)).unwrap(), Retry::new("r", exact(10)).unwrap());
    let began = Instant::now();
    let failed = guard.call(|| async {
        tokio::time::sleep(ms(50)).await;
        Err::<(), _>("down")
    });
    let error = failed.await.unwrap_err();
    // Attempts run 0-50, 150-200 and 400-450 ms; a pause of 400 ms would end after the deadline.
    let in_time =
        matches!(error, Error::RetriesExhausted { stopped_by: StoppedBy::Deadline, attempts: 3, .. });
    assert!(in_time, "{error:?}");
    assert_eq!(began.elapsed(), ms(450));
    let tight = (Timeout::new("t", ms(120)).unwrap(), Retry::new("r", exact(10)).unwrap());
    let began = Instant::now();
    let failed = tight.call(|| async {
        tokio::time::sleep(ms(50)).await;
        Err::<(), _>("down")
    });
    assert_eq!(failed.await, Err(Error::Operation("down")));
    assert_eq!(began.elapsed(), ms(50), "it gave up at once instead of sleeping");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_sees_the_time_that_is_left() {
    let guard = (Timeout::new("t", ms(1_000)).unwrap(), Retry::new("r", exact(3)).unwrap());
    let seen = std::cell::RefCell::new(Vec::new());
    let seen = &seen;
    let failed = guard.call_with(|attempt: Attempt| async move {
        seen.borrow_mut().push(attempt.time_left().unwrap());
        tokio::time::sleep(ms(50)).await;
        Err::<(), _>("down")
    });
    failed.await.unwrap_err();
    assert_eq!(*seen.borrow(), [1000, 850, 600].map(ms));
}

#[tokio::test(start_paused = true)]
async fn dropped_in_a_pause_it_makes_no_further_attempt() {
    let retry = Retry::new("r", exact(5)).unwrap();
    let attempts = Cell::new(0);
    {
        let call = retry.call(|| {
            attempts.set(attempts.get() + 1);
            ready(Err::<(), _>("down"))
        });
        let mut call = Box::pin(call);
        assert!(futures::poll!(call.as_mut()).is_pending());
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(attempts.get(), 1);
}

#[test]
fn jitter_stays_in_its_range_spreads_and_repeats_with_its_seed() {
    for (jitter, low) in [(Jitter::Equal, 0.5), (Jitter::Full, 0.0)] {
        let config = RetryConfig::FAST.jitter(jitter);
        let draws = |seed| {
            let backoff = Backoff::new(Some(seed));
            (0..10_000).map(|_| backoff.pause(&config, 1).as_secs_f64() / 0.1).collect::<Vec<_>>()
        };
        let first = draws(42);
        assert!(first.iter().all(|share| (low..=1.0).contains(share)), "{jitter:?}");
        let mean = first.iter().sum::<f64>() / first.len() as f64;
        assert!((mean - (low + 1.0) / 2.0).abs() < 0.01, "{jitter:?}: mean {mean}");
        assert_eq!(first, draws(42));
        assert_ne!(first, draws(43));
    }
}

/// Polly#2163: many attempts must not overflow the exponent.
#[test]
fn the_exponent_saturates() {
    let backoff = Backoff::new(Some(1));
    for attempts in [60, 5_000, u32::MAX] {
        assert_eq!(backoff.pause(&exact(3), attempts), ms(1_000));
        let free = RetryConfig::FAST.initial(Duration::ZERO).jitter(Jitter::None);
        assert_eq!(backoff.pause(&free, attempts), Duration::ZERO);
        let endless = RetryConfig::FAST.max(Duration::MAX).jitter(Jitter::None).multiplier(100.0);
        assert_eq!(backoff.pause(&endless, attempts.max(5_000)), Duration::MAX);
    }
}

#[test]
fn bad_configuration_is_named() {
    let wrong = |config| Retry::new("r", config).unwrap_err().problems[0].field.clone();
    assert_eq!(wrong(RetryConfig::FAST.max_attempts(0)), "max_attempts");
    assert_eq!(wrong(RetryConfig::FAST.max(ms(1))), "max");
    assert_eq!(wrong(RetryConfig::FAST.multiplier(0.5)), "multiplier");
    assert_eq!(wrong(RetryConfig::FAST.multiplier(f64::NAN)), "multiplier");
}
