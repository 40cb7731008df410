#![allow(clippy::unwrap_used, missing_docs)]
//! The kernel's promises to whoever composes policies.

use mainstay_resilience::{
    BreakerConfig, Bulkhead, BulkheadConfig, Call, CircuitBreaker, Error, Policy, PolicyExt, Retry,
    RetryConfig, Timeout,
};
use std::{future::ready, sync::Arc, time::Duration};

type Four = (Timeout, Retry, Arc<CircuitBreaker>, Bulkhead);

fn four() -> Four {
    (
        Timeout::new("t", Duration::from_secs(1)).unwrap(),
        Retry::new("r", RetryConfig::FAST).unwrap(),
        Arc::new(CircuitBreaker::new("b", BreakerConfig::default()).unwrap()),
        Bulkhead::new("k", BulkheadConfig::NORMAL).unwrap(),
    )
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

#[test]
fn four_policies_allocate_nothing_on_success() {
    block_on(async {
        let guard = four();
        guard.call(|| ready(Ok::<_, &str>(1))).await.unwrap();
        let mut answers = 0;
        let spent = allocation_counter::measure(|| {
            for i in 0..1_000_u64 {
                let call = guard.call(|| ready(Ok::<_, &str>(i)));
                answers += futures::FutureExt::now_or_never(call).unwrap().unwrap();
            }
        });
        assert_eq!((answers, spent.count_total), (999 * 1_000 / 2, 0));
    });
}

#[test]
fn pending_calls_allocate_nothing_either() {
    block_on(async {
        // No timeout and no pause here: those register with the runtime's timer, which may grow.
        let guard = (Retry::new("r", RetryConfig::FAST).unwrap(), four().2, four().3);
        let twice = || async {
            tokio::task::yield_now().await;
            Ok::<_, &str>(1)
        };
        guard.call(twice).await.unwrap();
        let spent = {
            let mut call = std::pin::pin!(guard.call(twice));
            let waker = std::task::Waker::noop();
            let mut cx = std::task::Context::from_waker(waker);
            allocation_counter::measure(|| while call.as_mut().poll(&mut cx).is_pending() {})
        };
        assert_eq!(spent.count_total, 0);
    });
}

#[tokio::test]
async fn send_is_inferred_in_spawn_with_a_borrowing_closure() {
    let guard = Arc::new(four());
    let shared = guard.clone();
    let spawned = tokio::spawn(async move {
        let text = String::from("borrowed by the closure");
        let text = &text;
        shared
            .call(|| async move {
                tokio::task::yield_now().await;
                Ok::<_, &str>(text.len())
            })
            .await
    });
    assert_eq!(spawned.await.unwrap(), Ok(23));
}

#[tokio::test]
async fn send_is_inferred_in_spawn_with_borrowed_policies() {
    let spawned = tokio::spawn(async move {
        let (timeout, retry, breaker, bulkhead) = four();
        let guard = (&timeout, &retry, &breaker, Some(&bulkhead), None::<&Bulkhead>, ());
        guard
            .call(|| async {
                tokio::task::yield_now().await;
                Ok::<_, &str>(6)
            })
            .await
    });
    assert_eq!(spawned.await.unwrap(), Ok(6));
}

/// A user's own type, generic over its pipeline.
struct Client<P>(P);

impl<P> Client<P> {
    async fn get<F, Fut>(&self, f: F) -> Result<u64, Error<std::io::Error>>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<u64, std::io::Error>>,
        P: PolicyExt,
        for<'p, 'f> &'p P: Policy<Call<'f, F>>,
    {
        self.0.call(f).await
    }
}

#[tokio::test]
async fn a_users_struct_may_be_generic_over_its_pipeline() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default()).unwrap();
    let owned = Client(four());
    let borrowing = Client((&breaker, Timeout::new("t", Duration::from_secs(1)).unwrap()));
    assert_eq!(owned.get(|| async { Ok(1) }).await.unwrap(), 1);
    assert_eq!(borrowing.get(|| async { Ok(2) }).await.unwrap(), 2);
}

#[tokio::test]
async fn a_classifier_may_name_the_callers_error() {
    #[derive(Debug, PartialEq)]
    enum ValuerError {
        Busy,
        NoSuchHome,
    }
    let transient = |error: &Error<ValuerError>| matches!(error, Error::Operation(ValuerError::Busy));
    let guard = (
        Retry::new("r", RetryConfig::FAST.initial(Duration::ZERO)).unwrap().retry_if(transient),
        CircuitBreaker::new("b", BreakerConfig::default().failure_threshold(1)).unwrap().fail_if(transient),
    );
    for _ in 0..3 {
        let answer = guard.call(|| ready(Err::<(), _>(ValuerError::NoSuchHome))).await;
        assert_eq!(answer, Err(Error::Operation(ValuerError::NoSuchHome)));
    }
    let answer = guard.call(|| ready(Err::<(), _>(ValuerError::Busy))).await;
    assert!(matches!(answer, Err(Error::CircuitOpen { .. })), "the first busy answer opened it: {answer:?}");
}

#[tokio::test]
async fn twelve_policies_deep() {
    let one = || Timeout::new("t", Duration::from_secs(1)).unwrap();
    let guard = (one(), one(), one(), one(), one(), one(), one(), one(), one(), one(), one(), one());
    assert_eq!(guard.call(|| ready(Ok::<_, &str>(12))).await, Ok(12));
}

#[test]
fn errors_answer_the_questions_a_caller_has() {
    let open: Error<&str> = Error::CircuitOpen {
        policy: "valuer".into(),
        retry_after: Some(Duration::from_secs(3)),
        last_failure: None,
    };
    assert_eq!(open.to_string(), "circuit `valuer` is open, try again in 3s");
    assert_eq!(open.retry_after(), Some(Duration::from_secs(3)));
    assert!(open.is_rejection() && !open.is_timeout());
    let failed: Error<std::io::Error> = Error::Operation(std::io::Error::other("refused"));
    assert_eq!(failed.policy(), None);
    assert_eq!(std::error::Error::source(&failed).unwrap().to_string(), "refused");
    assert_eq!(failed.into_operation().unwrap().to_string(), "refused");
}

#[cfg(feature = "config")]
#[test]
fn configs_read_humane_durations_and_refuse_unknown_keys() {
    let config: BreakerConfig =
        serde_json::from_str(r#"{"failure_threshold": 3, "open_for": "30s"}"#).unwrap();
    assert_eq!(config, BreakerConfig::default().failure_threshold(3).open_for(Duration::from_secs(30)));
    let back: BreakerConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(back, config);
    let retry: RetryConfig = serde_json::from_str(r#"{"initial": "5ms", "jitter": "full"}"#).unwrap();
    assert_eq!(retry.initial, Duration::from_millis(5));
    let bulkhead: BulkheadConfig = serde_json::from_str(r#"{"queue_timeout": "2m"}"#).unwrap();
    assert_eq!(bulkhead.queue_timeout, Some(Duration::from_secs(120)));
    let said = serde_json::from_str::<BreakerConfig>(r#"{"treshold": 3}"#).unwrap_err().to_string();
    assert!(said.contains("unknown field `treshold`"), "{said}");
}

/// A future is here once: a bulkhead that lets it wait must not have made an attempt of it before.
#[tokio::test(start_paused = true)]
async fn a_future_that_waited_in_line_with_a_deadline_runs() {
    use mainstay_resilience::{Attempt, FutureExt};
    let bulkhead = Bulkhead::new("k", BulkheadConfig::NORMAL.max_concurrent(1)).unwrap();
    let first = Attempt::first().within(Duration::from_secs(5));
    let slow = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, &str>(1)
    };
    let (one, other) = tokio::join!(
        slow.under_within(&bulkhead, first),
        async { Ok::<_, &str>(2) }.under_within(&bulkhead, first),
    );
    assert_eq!((one, other), (Ok(1), Ok(2)));
}

/// What is inside is told what is left after the wait.
#[tokio::test(start_paused = true)]
async fn a_call_that_waited_in_line_has_less_time_left() {
    let bulkhead = Bulkhead::new("k", BulkheadConfig::NORMAL.max_concurrent(1)).unwrap();
    let guard = (Timeout::new("t", Duration::from_secs(5)).unwrap(), &bulkhead);
    let left = |pause: u64| {
        guard.call_with(move |attempt| async move {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            Ok::<_, &str>(attempt.time_left().unwrap())
        })
    };
    let (one, other) = tokio::join!(left(2), left(0));
    assert_eq!((one.unwrap(), other.unwrap()), (Duration::from_secs(5), Duration::from_secs(3)));
}
