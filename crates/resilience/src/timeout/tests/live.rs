use crate::{
    Attempt, Bulkhead, BulkheadConfig, Error, FutureExt as _, PolicyExt, Timeout, TimeoutConfig, Verdict,
    telemetry::{Event, OnEvent, PolicyId},
};
use futures::FutureExt as _;
use parking_lot::Mutex;
use std::{
    cell::Cell,
    future::{pending, ready},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn limit(after: Duration) -> Timeout {
    Timeout::new("t", after).unwrap()
}

/// Nothing is cancelled, the late ones are counted, and the operation is told of no limit.
#[tokio::test(start_paused = true)]
async fn in_shadow_mode_it_counts_and_lets_through() {
    let limit = Timeout::new("t", TimeoutConfig::from(SECOND).shadow(true)).unwrap();
    let late = limit.call_with(|attempt| async move {
        sleep(3 * SECOND).await;
        Ok::<_, &str>(attempt.time_left())
    });
    assert_eq!(late.await, Ok(None));
    assert_eq!(limit.timed_out(), 1);
    limit.call(|| sleep(SECOND / 2).map(Ok::<_, &str>)).await.unwrap();
    assert_eq!(limit.timed_out(), 1);
}

#[tokio::test(start_paused = true)]
async fn reconfigured_it_keeps_its_count_and_calls_under_way_keep_their_limit() {
    let limit = limit(SECOND);
    limit.call(pending::<Result<(), &str>>).await.unwrap_err();
    let began = Instant::now();
    let mut under_way = Box::pin(limit.call(pending::<Result<(), &str>>));
    assert!(futures::poll!(under_way.as_mut()).is_pending());
    limit.reconfigure(5 * SECOND).unwrap();
    assert_eq!(under_way.await, Err(Error::Timeout { policy: "t".into(), after: SECOND }));
    assert_eq!(began.elapsed(), SECOND);
    limit.call(pending::<Result<(), &str>>).await.unwrap_err();
    assert_eq!(began.elapsed(), 6 * SECOND);
    assert_eq!((limit.timed_out(), limit.config().after), (3, 5 * SECOND));
}

#[test]
fn a_refused_configuration_changes_nothing() {
    let limit = limit(SECOND);
    limit.reconfigure(Duration::ZERO).unwrap_err();
    assert_eq!((limit.config().after, limit.limit()), (SECOND, Some(SECOND)));
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_answers_of_late_calls_and_of_those_that_had_no_time() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = heard.clone();
    let limit = limit(SECOND).observe(OnEvent::new(move |id: &PolicyId, event| {
        assert_eq!(id.to_string(), "timeout `t`");
        hear.lock().push(event);
    }));
    limit.call(|| ready(Err::<(), _>("an answer, too"))).await.unwrap_err();
    limit.call(pending::<Result<(), &str>>).await.unwrap_err();
    let none_left = Attempt::first().within(Duration::ZERO);
    limit.call_within(none_left, |_| ready(Ok::<_, &str>(()))).await.unwrap_err();
    let expected = [Event::Ended(Verdict::Success), Event::TimedOut(SECOND), Event::Rejected];
    assert_eq!(*heard.lock(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_time_left_is_not_polled() {
    let limit = limit(SECOND);
    let none_left = Attempt::first().within(Duration::ZERO);
    let polled = Cell::new(false);
    let refused = limit.call_within(none_left, |_| async {
        polled.set(true);
        Ok::<_, &str>(())
    });
    assert_eq!(refused.await, Err(Error::DeadlineExceeded { policy: "t".into() }));
    assert!(!polled.get());
}

/// A deadline further out that is nearer is handed on and left to whoever set it.
#[tokio::test(start_paused = true)]
async fn a_nearer_deadline_is_handed_on() {
    let limit = limit(SECOND);
    let near = Attempt::first().within(SECOND / 4);
    let left = limit.call_within(near, |attempt| ready(Ok::<_, &str>(attempt.time_left()))).await;
    assert_eq!(left, Ok(Some(SECOND / 4)));
}

/// linkerd2-proxy#751: what the operation holds is given back with the answer, not when the answered future is dropped.
#[tokio::test(start_paused = true)]
async fn the_operation_is_gone_when_its_limit_passes() {
    let bulkhead = Bulkhead::new("b", BulkheadConfig::FAST).unwrap();
    let limit = limit(SECOND);
    let place = async {
        let inner = bulkhead.call(pending::<Result<(), &str>>);
        inner.await.map_err(|_| "lost")
    };
    let mut call = Box::pin(place.under(&limit));
    assert!(futures::poll!(call.as_mut()).is_pending());
    assert_eq!(bulkhead.snapshot().running, 1);
    assert!(call.as_mut().await.unwrap_err().is_timeout());
    assert_eq!(bulkhead.snapshot().running, 0, "although the future is still there");
}

/// Whenever a call is dropped, its operation is dropped with it; never polled, it starts no timer and runs nothing.
#[tokio::test(start_paused = true)]
async fn polled_k_times_then_dropped_it_leaves_nothing_behind() {
    const YIELDS: usize = 5;
    let bulkhead = Bulkhead::new("b", BulkheadConfig::FAST).unwrap();
    let guard = (limit(SECOND), &bulkhead);
    for polls in 0..=YIELDS + 1 {
        let mut call = Box::pin(guard.call(|| async {
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
            Ok::<_, &str>(())
        }));
        for poll in 1..=polls {
            assert_eq!(futures::poll!(call.as_mut()).is_ready(), poll > YIELDS);
        }
        assert_eq!(bulkhead.snapshot().running, usize::from((1..=YIELDS).contains(&polls)));
        drop(call);
        assert_eq!(bulkhead.snapshot().running, 0, "after {polls} polls");
    }
    assert_eq!(guard.0.timed_out(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_inside_frees_what_is_inside() {
    let bulkhead = Arc::new(Bulkhead::new("b", BulkheadConfig::FAST).unwrap());
    let inner = bulkhead.clone();
    let call = tokio::spawn(async move {
        let guard = (limit(SECOND), inner);
        guard
            .call(|| async {
                sleep(SECOND / 2).await;
                if true {
                    panic!("in the operation");
                }
                Ok::<_, &str>(())
            })
            .await
    });
    assert!(call.await.unwrap_err().is_panic());
    assert_eq!(bulkhead.snapshot().running, 0);
}

/// The longest time tokio can sleep is shorter than the longest `Duration`: neither may panic.
#[tokio::test(start_paused = true)]
async fn the_longest_limit_there_is_saturates() {
    let limit = limit(Duration::MAX);
    assert_eq!(limit.call(|| sleep(SECOND).map(Ok::<_, &str>)).await, Ok(()));
}

#[cfg(feature = "config")]
#[test]
fn its_configuration_is_data() {
    let config: TimeoutConfig = serde_json::from_str(r#"{ "after": "500ms", "shadow": true }"#).unwrap();
    assert_eq!(config, TimeoutConfig::from(SECOND / 2).shadow(true));
    assert_eq!(serde_json::from_str::<TimeoutConfig>("{}").unwrap().after, 10 * SECOND);
    serde_json::from_str::<TimeoutConfig>(r#"{ "afterwards": "1s" }"#).unwrap_err();
}
