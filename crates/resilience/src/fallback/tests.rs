use super::*;
use crate::{
    BreakerConfig, CircuitBreaker, Error, FutureExt, PolicyExt, Verdict,
    telemetry::{Event, OnEvent},
};
use std::{
    cell::Cell,
    future::{pending, ready},
    sync::Mutex,
};

fn fallback() -> Fallback {
    Fallback::new("valuer", FallbackConfig::default()).unwrap()
}

#[tokio::test]
async fn a_success_is_let_through() {
    let fallback = fallback().to(0);
    assert_eq!(fallback.call(|| ready(Ok::<_, &str>(7))).await, Ok(7));
    assert_eq!(fallback.stats(), FallbackStats::default());
}

#[tokio::test]
async fn a_value_stands_in_for_every_failure() {
    let fallback = fallback().to(String::from("unknown"));
    for _ in 0..2 {
        assert_eq!(fallback.call(|| ready(Err("down"))).await.unwrap(), "unknown");
    }
    assert_eq!(fallback.stats().answered, 2);
}

#[tokio::test]
async fn a_value_may_be_made_of_the_error() {
    let fallback = fallback().to_computed(|error: &Error<&str>| error.to_string().len());
    assert_eq!(fallback.call(|| ready(Err("four"))).await, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn another_operation_may_stand_in() {
    let fallback = fallback().to_call(|error: &Error<&str>| {
        let said = error.to_string();
        async move {
            tokio::task::yield_now().await;
            Ok(format!("from the cache, since: {said}"))
        }
    });
    assert_eq!(fallback.call(|| ready(Err("down"))).await.unwrap(), "from the cache, since: down");
}

/// The error of the operation that stood in is reported as its own, and the first is not lost.
#[tokio::test]
async fn when_the_other_operation_fails_both_errors_are_kept() {
    let fallback = fallback().to_call(|_: &Error<&str>| ready(Err::<(), _>("the cache is empty")));
    let error = fallback.call(|| ready(Err("the valuer is away"))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "fallback `valuer` failed: the cache is empty (it stood in after: the valuer is away)"
    );
    assert_eq!((error.operation(), error.policy()), (Some(&"the cache is empty"), Some("valuer")));
    let Error::FallbackFailed { original, .. } = &error else { panic!("{error:?}") };
    assert_eq!(**original, Error::Operation("the valuer is away"));
    assert_eq!(error.into_operation(), Ok("the cache is empty"));
    assert_eq!((fallback.stats().failed, fallback.stats().answered), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_other_operation_may_be_under_policies_of_its_own() {
    let second = std::time::Duration::from_secs(1);
    let limit = crate::Timeout::new("second valuer", second).unwrap();
    let fallback = fallback().to_guarded_call(|_: &Error<&str>| limit.call(pending::<Result<(), &str>>));
    let error = fallback.call(|| ready(Err("away"))).await.unwrap_err();
    assert!(error.is_timeout());
    let Error::FallbackFailed { error, original, .. } = error else { panic!("{error:?}") };
    assert_eq!((error.policy(), *original), (Some("second valuer"), Error::Operation("away")));
}

#[tokio::test]
async fn only_what_the_predicate_calls_a_failure_is_answered_for() {
    let fallback = fallback().to(0).when(|error: &Error<&str>| error.operation() != Some(&"no such home"));
    assert_eq!(fallback.call(|| ready(Err("no such home"))).await, Err(Error::Operation("no such home")));
    assert_eq!(fallback.call(|| ready(Err("away"))).await, Ok(0));
    assert_eq!((fallback.stats().passed, fallback.stats().answered), (1, 1));
    let never = self::fallback().to(0).classify(|_: Result<&i32, &Error<&str>>| Verdict::Ignore);
    assert_eq!(never.call(|| ready(Err("away"))).await, Err(Error::Operation("away")));
}

#[tokio::test]
async fn it_stands_in_for_the_rejections_of_policies_further_in() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default().failure_threshold(1)).unwrap();
    let guard = (fallback().to_computed(|error: &Error<&str>| error.is_rejection()), &breaker);
    assert_eq!(guard.call(|| ready(Err("down"))).await, Ok(false));
    assert_eq!(guard.call(|| ready(Ok(false))).await, Ok(true), "the circuit is open");
}

/// What failed is gone before what stands in begins to work.
#[tokio::test]
async fn the_failed_operation_is_dropped_first() {
    struct Hold<'a>(&'a Cell<bool>);
    impl Drop for Hold<'_> {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    let held = Cell::new(false);
    let held = &held;
    let fallback = fallback().to_call(|_: &Error<&str>| async { Ok(held.get()) });
    let answer = fallback.call(|| {
        held.set(true);
        let hold = Hold(held);
        // Not an async block: that would drop what it holds as soon as it ends.
        std::future::poll_fn(move |_| {
            let _holds = &hold;
            std::task::Poll::Ready(Err("down"))
        })
    });
    assert_eq!(answer.await, Ok(false));
}

#[tokio::test]
async fn polled_so_often_and_dropped_it_leaves_nothing_running() {
    struct Alive<'a>(&'a Cell<i32>);
    impl Drop for Alive<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let alive = Cell::new(0);
    let step = || async {
        alive.set(alive.get() + 1);
        let _alive = Alive(&alive);
        tokio::task::yield_now().await;
        Err::<(), _>("down")
    };
    let fallback = fallback().to_call(|_: &Error<&str>| step());
    for k in 0..=3 {
        let mut call = Box::pin(fallback.call(step));
        let ended = (0..k).any(|_| futures::FutureExt::now_or_never(call.as_mut()).is_some());
        drop(call);
        assert_eq!((alive.get(), ended), (0, k == 3), "after {k} polls");
    }
}

#[test]
fn never_polled_it_starts_nothing() {
    let started = Cell::new(false);
    let fallback = fallback().to(());
    drop(fallback.call(|| {
        started.set(true);
        pending::<Result<(), &str>>()
    }));
    assert!(!started.get());
}

/// It starts its operation once, so a future serves.
#[tokio::test]
async fn a_future_may_be_put_under_it() {
    let fallback = fallback().to(7);
    assert_eq!(async { Err("down") }.under(&fallback).await, Ok(7));
}

#[tokio::test]
async fn an_observer_hears_of_it() {
    let heard = Mutex::new(Vec::new());
    let fallback = fallback().to(0).observe(OnEvent::new(|_: &_, event| heard.lock().unwrap().push(event)));
    fallback.call(|| ready(Ok::<_, &str>(7))).await.unwrap();
    fallback.call(|| ready(Err("down"))).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [Event::Ended(Verdict::Success), Event::FellBack]);
}

#[tokio::test]
async fn in_shadow_mode_it_counts_and_lets_through() {
    let fallback = Fallback::new("valuer", FallbackConfig::default().shadow(true)).unwrap().to(0);
    assert_eq!(fallback.call(|| ready(Err("down"))).await, Err(Error::Operation("down")));
    assert_eq!((fallback.stats().would_answer, fallback.stats().answered), (1, 0));
    fallback.reconfigure(FallbackConfig::default()).unwrap();
    assert_eq!(fallback.call(|| ready(Err("down"))).await, Ok(0));
    assert_eq!(fallback.stats().would_answer, 1, "counts stay");
}

#[test]
fn the_bound_knows_that_another_operation_may_take_for_ever() {
    use crate::{Describe, Timeout};
    let second = std::time::Duration::from_secs(1);
    let limit = || Timeout::new("t", second).unwrap();
    assert_eq!((fallback().to(0), limit()).bound().time, Some(second));
    let calling = || fallback().to_call(|_: &Error<&str>| ready(Ok(0)));
    assert_eq!((calling(), limit()).bound().time, None);
    assert_eq!((limit(), calling()).bound().time, Some(second));
}

#[test]
fn a_success_allocates_nothing() {
    let fallback = fallback().to(0);
    let mut answer = None;
    let spent = allocation_counter::measure(|| {
        let call = fallback.call(|| ready(Ok::<_, &str>(7)));
        answer = futures::FutureExt::now_or_never(call);
    });
    assert_eq!((answer, spent.count_total), (Some(Ok(7)), 0));
}

#[cfg(feature = "config")]
#[test]
fn configuration_is_humane() {
    let config: FallbackConfig = serde_json::from_str(r#"{"shadow": true}"#).unwrap();
    assert_eq!(config, FallbackConfig::default().shadow(true));
    assert!(serde_json::from_str::<FallbackConfig>(r#"{"value": 7}"#).is_err());
}
