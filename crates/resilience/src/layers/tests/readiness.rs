use super::picky::Picky;
use crate::{
    BreakerConfig, Bulkhead, BulkheadConfig, CircuitBreaker, Error, Jitter, Retry, RetryConfig, Timeout,
    breaker::State, layers::PolicyLayer,
};
use futures::FutureExt;
use std::{
    future::{pending, ready},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer, load_shed::LoadShedLayer,
    service_fn,
};

fn retry(attempts: u32) -> Retry {
    Retry::new("r", RetryConfig::FAST.max_attempts(attempts).jitter(Jitter::None)).unwrap()
}

fn bulkhead() -> Arc<Bulkhead> {
    Arc::new(Bulkhead::new("b", BulkheadConfig::FAST).unwrap())
}

/// tower-resilience#293: the instance that was made ready is the one that is called, also through several layers.
#[tokio::test(start_paused = true)]
async fn the_instance_made_ready_is_the_one_called() {
    let mut service = ServiceBuilder::new()
        .layer(PolicyLayer::new(Timeout::new("t", Duration::from_secs(1)).unwrap()))
        .layer(PolicyLayer::new(bulkhead()))
        .service(Picky::new(2, 0));
    for call in 1..=3 {
        assert_eq!(service.ready().await.unwrap().call(()).await, Ok(call));
    }
}

/// tower-resilience#293: an attempt after the first waits for the readiness of its own clone.
#[tokio::test(start_paused = true)]
async fn each_further_attempt_makes_its_own_clone_ready() {
    let picky = Picky::new(3, 2);
    let calls = picky.calls.clone();
    let mut service = PolicyLayer::new(retry(3)).layer(picky);
    assert_eq!(service.ready().await.unwrap().call(()).await, Ok(3));
    assert_eq!(calls.load(Relaxed), 3);
}

/// As [`each_further_attempt_makes_its_own_clone_ready`], with tower's own limit, which panics if it is called unready.
#[tokio::test(start_paused = true)]
async fn a_limit_of_towers_inside_a_retry_gives_every_attempt_its_turn() {
    let inner = ServiceBuilder::new().layer(ConcurrencyLimitLayer::new(1)).service(Picky::new(0, 2));
    let service = PolicyLayer::new(retry(3)).layer(inner);
    let (one, two) = tokio::join!(service.clone().oneshot(()), service.oneshot(()));
    let mut answers = [one.map_err(|error| error.to_string()), two.map_err(|error| error.to_string())];
    answers.sort();
    assert_eq!(answers, [Ok(3), Ok(4)]);
}

/// linkerd2-proxy#751: a failed attempt has given its permit back while the retry pauses.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_ended_holds_nothing_of_the_service() {
    let retry =
        Retry::new("r", RetryConfig::FAST.initial(Duration::from_secs(10)).max(Duration::from_secs(10)));
    let inner = ServiceBuilder::new().layer(ConcurrencyLimitLayer::new(1)).service(Picky::new(0, 1));
    let service = PolicyLayer::new(retry.unwrap()).layer(inner);
    let mut pauses = service.clone().oneshot(()).boxed();
    assert!(futures::poll!(&mut pauses).is_pending());
    assert_eq!(service.oneshot(()).now_or_never(), Some(Ok(2)));
    assert_eq!(pauses.await, Ok(3));
}

/// tower-resilience#367: being ready takes no place, and neither does a call that is never polled.
#[tokio::test(start_paused = true)]
async fn nothing_is_taken_before_the_call_is_polled() {
    let bulkhead = bulkhead();
    let mut service =
        PolicyLayer::new(bulkhead.clone()).layer(service_fn(|()| pending::<Result<(), &str>>()));
    let mut call = service.ready().await.unwrap().call(()).boxed();
    assert_eq!(bulkhead.snapshot().running, 0);
    assert!(futures::poll!(&mut call).is_pending());
    assert_eq!(bulkhead.snapshot().running, 1);
    drop(call);
    assert_eq!(bulkhead.snapshot().running, 0);
}

/// tower-resilience#365: a call that is dropped, whenever that is, leaves nothing behind, and no clone reserves for others.
#[tokio::test(start_paused = true)]
async fn polled_k_times_then_dropped_a_call_leaves_nothing_held() {
    let bulkhead = bulkhead();
    let policies = (Arc::new(Timeout::new("t", Duration::from_secs(1)).unwrap()), bulkhead.clone());
    let service = PolicyLayer::new(policies).layer(service_fn(|()| async {
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        Ok::<_, &str>(())
    }));
    let mut answered = 0;
    for polls in 0..8 {
        let mut call = service.clone().oneshot(()).boxed();
        for _ in 0..polls {
            if futures::poll!(&mut call).is_ready() {
                answered += 1;
                break;
            }
            assert_eq!(bulkhead.snapshot().running, 1);
        }
        drop(call);
        assert_eq!((bulkhead.snapshot().running, bulkhead.snapshot().queued), (0, 0), "after {polls} polls");
    }
    assert!(answered > 0, "the last of them ran to their end");
}

/// tower-resilience#381: readiness that pends hides an open circuit; with a `load_shed` inside it does not.
#[tokio::test(start_paused = true)]
async fn an_open_circuit_answers_although_the_service_is_not_ready() {
    let breaker = Arc::new(CircuitBreaker::new("c", BreakerConfig::default().failure_threshold(1)).unwrap());
    let mut service = ServiceBuilder::new()
        .layer(PolicyLayer::new(breaker.clone()))
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(service_fn(|()| pending::<Result<(), &str>>()));
    let mut hangs = service.ready().await.unwrap().call(()).boxed();
    assert!(futures::poll!(&mut hangs).is_pending());
    let shed = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert!(matches!(shed, Error::Operation(_)), "{shed:?}");
    assert_eq!(breaker.state(), State::Open);
    let refused = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert!(matches!(refused, Error::CircuitOpen { .. }), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_load_shed_around_answers_for_a_service_that_is_not_ready() {
    let mut service = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(PolicyLayer::new(bulkhead()))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(service_fn(|()| pending::<Result<(), std::io::Error>>()));
    let mut hangs = service.ready().await.unwrap().call(()).boxed();
    assert!(futures::poll!(&mut hangs).is_pending());
    let shed = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert!(shed.is::<tower::load_shed::error::Overloaded>(), "{shed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_is_the_operations() {
    #[derive(Clone)]
    struct Broken;
    impl Service<()> for Broken {
        type Response = ();
        type Error = &'static str;
        type Future = std::future::Ready<Result<(), &'static str>>;
        fn poll_ready(
            &mut self,
            _cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            std::task::Poll::Ready(Err("broken"))
        }
        fn call(&mut self, (): ()) -> Self::Future {
            ready(Ok(()))
        }
    }
    let mut service = PolicyLayer::new(bulkhead()).layer(Broken);
    assert_eq!(service.ready().await.err(), Some(Error::Operation("broken")));
}
