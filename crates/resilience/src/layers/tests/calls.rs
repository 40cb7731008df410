use super::picky::Picky;
use crate::{
    Attempt, BreakerConfig, Bulkhead, BulkheadConfig, CircuitBreaker, Error, Idempotent, Jitter, Operation,
    Policy, Retry, RetryConfig, Timeout, layers::PolicyLayer,
};
use futures::FutureExt;
use parking_lot::Mutex;
use std::{
    future::{pending, ready},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer, service_fn};

const SECOND: Duration = Duration::from_secs(1);

fn timeout(after: Duration) -> Arc<Timeout> {
    Arc::new(Timeout::new("t", after).unwrap())
}

fn retry(attempts: u32) -> Retry {
    Retry::new("r", RetryConfig::FAST.max_attempts(attempts).jitter(Jitter::None)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_tuple_of_policies_is_one_layer_in_its_order() {
    let breaker = Arc::new(CircuitBreaker::new("c", BreakerConfig::default().failure_threshold(2)).unwrap());
    let policies = (
        timeout(5 * SECOND),
        retry(5),
        breaker,
        Arc::new(Bulkhead::new("b", BulkheadConfig::FAST).unwrap()),
        Timeout::new("attempt", SECOND).unwrap(),
    );
    let mut service =
        PolicyLayer::new(policies).layer(service_fn(|()| pending::<Result<(), &'static str>>()));
    let began = Instant::now();
    let refused = service.ready().await.unwrap().call(()).await.unwrap_err();
    // Two attempts of 1 s with pauses of 100 and 200 ms; the third finds the circuit open.
    assert_eq!(began.elapsed(), Duration::from_millis(2_300));
    assert_eq!(refused.policy(), Some("c"));
}

#[test]
fn a_call_allocates_one_box_whatever_the_number_of_policies() {
    let breaker = CircuitBreaker::new("c", BreakerConfig::default()).unwrap();
    let bulkhead = Bulkhead::new("b", BulkheadConfig::FAST).unwrap();
    let policies = (timeout(SECOND), retry(3), breaker, bulkhead);
    let mut service = PolicyLayer::new(policies).layer(service_fn(|id: u32| ready(Ok::<_, &str>(id))));
    let mut call = || assert_eq!(service.call(7).now_or_never(), Some(Ok(7)));
    call();
    assert_eq!(allocation_counter::measure(call).count_total, 1);
}

#[tokio::test(start_paused = true)]
async fn all_clones_share_one_policy() {
    let breaker = CircuitBreaker::new("c", BreakerConfig::default().failure_threshold(1)).unwrap();
    let layer = PolicyLayer::new(breaker);
    let one = layer.layer(service_fn(|()| ready(Err::<(), _>("down"))));
    let two = layer.clone().layer(service_fn(|()| ready(Ok::<_, &str>(()))));
    assert_eq!(one.clone().oneshot(()).await, Err(Error::Operation("down")));
    assert!(matches!(one.oneshot(()).await, Err(Error::CircuitOpen { .. })));
    assert!(matches!(two.oneshot(()).await, Err(Error::CircuitOpen { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_spawned() {
    let service = PolicyLayer::new((timeout(SECOND), retry(3))).layer(Picky::new(1, 1));
    assert_eq!(tokio::spawn(service.oneshot(())).await.unwrap(), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_gets_a_request_of_its_own_and_may_write_on_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let written = seen.clone();
    let layer = PolicyLayer::new((timeout(SECOND), Arc::new(retry(3)))).on_attempt(
        |request: &mut Vec<(u32, Duration)>, attempt| {
            request.push((attempt.number(), attempt.time_left().unwrap()));
        },
    );
    let service = layer.layer(service_fn(move |request: Vec<_>| {
        written.lock().push(request);
        ready(Err::<(), _>("down"))
    }));
    service.oneshot(Vec::new()).await.unwrap_err();
    let left = |ms| Duration::from_millis(ms);
    assert_eq!(*seen.lock(), [vec![(1, left(1_000))], vec![(2, left(900))], vec![(3, left(700))]]);
}

/// tower#682, tower#690: where a request cannot be cloned, tower's retry is off without a word. Here no retry can be put
/// around such a service: `once` takes only policies that start their operation once.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_no_clone_is_moved_into_its_only_attempt() {
    #[derive(Debug, PartialEq)]
    struct Unique(u32);
    let breaker = CircuitBreaker::new("c", BreakerConfig::default()).unwrap();
    let mut service = ServiceBuilder::new()
        .layer(PolicyLayer::once(timeout(SECOND)))
        .layer(PolicyLayer::once(breaker))
        .service(service_fn(|request: Unique| async move { Ok::<_, &str>(request) }));
    assert_eq!(service.ready().await.unwrap().call(Unique(7)).await.unwrap(), Unique(7));
}

/// What a hedge asks of its operation.
#[derive(Clone, Copy)]
struct OnlyIdempotent;

impl<Op: Operation + Idempotent> Policy<Op> for &OnlyIdempotent {
    type Future = Op::Future;
    fn run(self, op: Op, attempt: Attempt) -> Op::Future {
        drop(op.start(attempt));
        op.start(attempt)
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_may_vouch_that_requests_are_idempotent() {
    let picky = Picky::new(1, 0);
    let calls = picky.calls.clone();
    let service = PolicyLayer::idempotent((timeout(SECOND), OnlyIdempotent)).layer(picky);
    assert_eq!(service.oneshot(()).await, Ok(1));
    assert_eq!(calls.load(Relaxed), 1, "a copy that is never polled calls nothing");
}

/// A limit outside counts the whole call, pauses included; one inside counts attempts.
#[tokio::test(start_paused = true)]
async fn towers_limits_stand_outside_and_inside() {
    let inside = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(PolicyLayer::new(retry(2)))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(service_fn(|()| async {
            tokio::time::sleep(SECOND).await;
            Err::<(), _>("down")
        }));
    let began = Instant::now();
    let (one, two) = tokio::join!(inside.clone().oneshot(()), inside.oneshot(()));
    one.unwrap_err();
    two.unwrap_err();
    assert_eq!(began.elapsed(), 2 * (2 * SECOND + Duration::from_millis(100)));
}
