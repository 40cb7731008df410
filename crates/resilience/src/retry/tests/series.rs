use super::*;
use crate::{Attempt, BreakerConfig, CircuitBreaker, Error, PolicyExt, StoppedBy, Verdict};
use std::{cell::Cell, future::ready};
use tokio::time::Instant;

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

/// A classifier may call a value a failure; when attempts end, the last value is the answer, as it is.
#[tokio::test(start_paused = true)]
async fn a_value_that_stays_a_failure_is_returned_as_it_is() {
    let retry = Retry::new("r", exact(3)).unwrap().classify(|_: Result<&u32, &Error<&str>>| Verdict::Failure);
    let answer = retry.call_with(|attempt| ready(Ok(attempt.number())));
    assert_eq!(answer.await, Ok(3));
    assert_eq!((retry.stats().exhausted, retry.stats().recovered), (1, 0));
}

/// The attempt that failed is dropped before the pause: what it holds is not held through it.
#[tokio::test(start_paused = true)]
async fn nothing_of_a_failed_attempt_outlives_it() {
    let held = Cell::new(0);
    let held = &held;
    struct Hold<'a>(&'a Cell<i32>);
    impl Drop for Hold<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let retry = Retry::new("r", exact(3)).unwrap();
    let call = retry.call(|| {
        held.set(held.get() + 1);
        let hold = Hold(held);
        // Not an async block: that would drop what it holds as soon as it ends.
        std::future::poll_fn(move |_| {
            let _holds = &hold;
            std::task::Poll::Ready(Err::<(), _>("down"))
        })
    });
    let mut call = std::pin::pin!(call);
    assert!(futures::poll!(call.as_mut()).is_pending());
    assert_eq!(held.get(), 0);
}

/// What every call carries, whether it is tried again or not.
#[test]
fn a_call_is_hardly_larger_than_its_operation() {
    fn added<F, Fut>(_: &F) -> usize
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<u64, &'static str>>,
    {
        size_of::<RetryFuture<'_, crate::Call<'_, F>, crate::Retryable, (), ()>>() - size_of::<Fut>()
    }
    let added = added(&|| ready(Ok(7)));
    assert!(added <= 80, "{added} bytes");
}

#[test]
fn handles_may_be_shared_among_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Retry::new("r", exact(3)).unwrap());
    shared(&crate::Budget::new("b", crate::BudgetConfig::default()).unwrap());
    shared(&crate::Hedge::new("h", crate::HedgeConfig::default().percentile(0.9)).unwrap());
    shared(&crate::Fallback::new("f", crate::FallbackConfig::default()).unwrap().to(7));
}
