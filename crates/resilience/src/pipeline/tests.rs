use super::*;
use crate::{
    BreakerConfig, Bulkhead, BulkheadConfig, CircuitBreaker, PolicyExt, Retry, RetryConfig, Timeout, Verdict,
    telemetry::{Event, OnEvent},
};
use std::time::Duration;

fn limit(ms: u64) -> Timeout {
    Timeout::new("limit", Duration::from_millis(ms)).unwrap()
}

fn retry() -> Retry {
    Retry::new("retry", RetryConfig::FAST).unwrap()
}

fn breaker(config: BreakerConfig) -> CircuitBreaker {
    CircuitBreaker::new("breaker", config).unwrap()
}

fn bulkhead(config: BulkheadConfig) -> Bulkhead {
    Bulkhead::new("bulkhead", config).unwrap()
}

fn rules(pipeline: &impl Describe) -> Vec<OrderRule> {
    pipeline.warnings().iter().map(|warning| warning.rule).collect()
}

#[test]
fn a_bound_multiplies_attempts_and_adds_pauses_and_queues() {
    let queue = BulkheadConfig::FAST.queue_timeout(Duration::from_millis(50));
    let pipeline = (retry(), bulkhead(queue), limit(1_000));
    // Three times a queue of 50 ms and a call of 1 s; pauses of 100 and 200 ms.
    let expected = Bound { attempts: 3, time: Some(Duration::from_millis(3 * 1_050 + 300)) };
    assert_eq!(pipeline.bound(), expected);
    assert_eq!(expected.to_string(), "at most 3 attempts within 3.45s");
}

#[test]
fn an_outer_limit_bounds_what_is_inside_it() {
    let pipeline = (limit(2_000), retry(), limit(1_000));
    assert_eq!(pipeline.bound(), Bound { attempts: 3, time: Some(Duration::from_secs(2)) });
}

#[test]
fn without_a_limit_there_is_no_bound_in_time() {
    let pipeline = (retry(), bulkhead(BulkheadConfig::FAST));
    assert_eq!(pipeline.bound(), Bound { attempts: 3, time: None });
    let bound = (None::<Timeout>, &()).bound();
    assert_eq!(bound.to_string(), "at most 1 attempt, for as long as the operation takes");
    let unlimited_queue = (bulkhead(BulkheadConfig::FAST), limit(1_000));
    assert_eq!(unlimited_queue.bound().time, None);
}

#[test]
fn attempts_saturate() {
    let many = || Retry::new("r", RetryConfig::NONE.max_attempts(u32::MAX).initial(Duration::ZERO)).unwrap();
    assert_eq!(Bound::of(&(&many(), (&many(), &many())).stages()).attempts, u64::MAX);
}

#[test]
fn the_recommended_order_warns_of_nothing() {
    let pipeline = (
        limit(5_000),
        retry(),
        breaker(BreakerConfig::default()),
        bulkhead(BulkheadConfig::EXTERNAL_API.queue_timeout(Duration::from_millis(100))),
        limit(500),
    );
    assert_eq!(rules(&pipeline), []);
}

#[test]
fn a_timeout_outside_a_breaker_blinds_it_unless_something_inside_ends_the_call() {
    let outside = (limit(100), breaker(BreakerConfig::default()));
    assert_eq!(rules(&outside), [OrderRule::BlindBreaker]);
    let counted = (limit(100), breaker(BreakerConfig::default().abandoned(Verdict::Failure)));
    assert_eq!(rules(&counted), []);
    let inside = (limit(100), breaker(BreakerConfig::default()), limit(50));
    assert_eq!(rules(&inside), []);
}

#[test]
fn a_breaker_or_bulkhead_outside_a_retry_is_told_of() {
    assert_eq!(rules(&(breaker(BreakerConfig::default()), retry())), [OrderRule::BreakerOutsideRetry]);
    let pipeline = (bulkhead(BulkheadConfig::FAST), breaker(BreakerConfig::default()), retry());
    let found = pipeline.warnings();
    assert_eq!(rules(&pipeline), [OrderRule::PlaceHeldInPauses, OrderRule::BreakerOutsideRetry]);
    assert_eq!(
        found[0].to_string(),
        "bulkhead `bulkhead` outside retry `retry`: each call keeps its place while it pauses between attempts: \
         put the bulkhead inside the retry"
    );
}

#[test]
fn retries_in_retries_and_limits_that_never_fire_are_told_of() {
    assert_eq!(rules(&(retry(), retry())), [OrderRule::NestedRetries]);
    let once = Retry::new("once", RetryConfig::NONE).unwrap();
    assert_eq!(rules(&(once, retry())), []);
    assert_eq!(rules(&(limit(100), limit(100))), [OrderRule::TimeoutNeverFires]);
    assert_eq!(rules(&(limit(101), limit(100))), []);
}

#[test]
fn a_limit_that_cuts_a_series_short_is_told_of() {
    assert_eq!(rules(&(limit(2_000), retry(), limit(1_000))), [OrderRule::SeriesCutShort]);
    assert_eq!(rules(&(limit(3_300), retry(), limit(1_000))), []);
}

#[tokio::test(start_paused = true)]
async fn a_named_pipeline_tells_how_calls_ended_and_how_long_they_were_waited_for() {
    let heard = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let hearing = heard.clone();
    let pipeline =
        Pipeline::new("valuer", (limit(100), retry())).observe(OnEvent::new(move |policy, event| {
            hearing.lock().push((policy.to_string(), event));
        }));
    pipeline.call(|| async { Ok::<_, &str>(1) }).await.unwrap();
    pipeline.call(std::future::pending::<Result<(), &str>>).await.unwrap_err();
    let me = || "pipeline `valuer`".to_owned();
    assert_eq!(
        *heard.lock(),
        [
            (me(), Event::Ended(Verdict::Success)),
            (me(), Event::Took(Duration::from_millis(100))),
            (me(), Event::Ended(Verdict::Failure)),
        ]
    );
    assert_eq!(pipeline.bound(), (limit(100), retry()).bound());
}
