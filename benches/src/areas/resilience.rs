//! The closed breaker and the four-policy pipeline, on an operation that is ready at once.

use crate::contest::{Contest, on_runtime};
use failsafe::futures::CircuitBreaker as _;
use mainstay_resilience::{
    BreakerConfig, Bulkhead, BulkheadConfig, CircuitBreaker, PolicyExt, Retry, RetryConfig, Timeout,
};
use std::{
    future::{Future, ready},
    hint::black_box,
    time::Duration,
};
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};
use tower_resilience::{
    bulkhead::BulkheadLayer, circuitbreaker::CircuitBreakerLayer, retry::RetryLayer,
    timelimiter::TimeLimiterLayer,
};

pub(super) fn contests() -> Vec<Contest> {
    vec![breaker_closed_1task(), retry_first_ok(), timeout_ready(), bulkhead_uncontended(), stack4()]
}

#[derive(Clone, Debug)]
struct Failed;

/// What is guarded: ready at once, opaque to the optimiser.
fn operation(i: u64) -> impl Future<Output = Result<u64, Failed>> {
    ready(Ok(black_box(i)))
}

const SECOND: Duration = Duration::from_secs(1);

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("b", BreakerConfig::default()).expect("defaults are valid")
}

fn breaker_closed_1task() -> Contest {
    let tower = CircuitBreakerLayer::builder()
        .build()
        .expect("defaults are valid")
        .layer(tower::service_fn(operation));
    Contest::new(
        "breaker_closed_1task",
        on_runtime(breaker(), async |breaker, i| {
            black_box(breaker.call(|| operation(i)).await.is_ok());
        }),
    )
    .raw(on_runtime((), async |(), i| {
        black_box(operation(i).await.is_ok());
    }))
    .peer(
        "recloser",
        on_runtime(recloser::AsyncRecloser::from(recloser::Recloser::default()), async |breaker, i| {
            black_box(breaker.call(operation(i)).await.is_ok());
        }),
    )
    .peer(
        "failsafe",
        on_runtime(failsafe::Config::new().build(), async |breaker, i| {
            black_box(breaker.call(operation(i)).await.is_ok());
        }),
    )
    .peer(
        "tower-resilience",
        on_runtime(tower, async |service, i| {
            black_box(service.ready().await.expect("closed").call(i).await.is_ok());
        }),
    )
}

fn raw() -> impl FnMut(u64) -> Duration {
    on_runtime((), async |(), i| {
        black_box(operation(i).await.is_ok());
    })
}

fn retry_first_ok() -> Contest {
    Contest::new(
        "retry_first_ok",
        on_runtime(Retry::new("r", RetryConfig::FAST).expect("a preset"), async |retry, i| {
            black_box(retry.call(|| operation(i)).await.is_ok());
        }),
    )
    .raw(raw())
    .peer(
        "backon",
        on_runtime((), async |(), i| {
            use backon::{ExponentialBuilder, Retryable};
            let retried = (|| operation(i)).retry(ExponentialBuilder::default().with_max_times(2));
            black_box(retried.await.is_ok());
        }),
    )
}

fn timeout_ready() -> Contest {
    Contest::new(
        "timeout_ready",
        on_runtime(Timeout::new("t", SECOND).expect("a limit"), async |timeout, i| {
            black_box(timeout.call(|| operation(i)).await.is_ok());
        }),
    )
    .raw(raw())
    .peer(
        "tokio",
        on_runtime((), async |(), i| {
            black_box(tokio::time::timeout(SECOND, operation(i)).await.is_ok());
        }),
    )
}

fn bulkhead_uncontended() -> Contest {
    Contest::new(
        "bulkhead_uncontended",
        on_runtime(Bulkhead::new("k", BulkheadConfig::NORMAL).expect("a preset"), async |bulkhead, i| {
            black_box(bulkhead.call(|| operation(i)).await.is_ok());
        }),
    )
    .raw(raw())
    .peer(
        "tokio-semaphore",
        on_runtime(Semaphore::new(10), async |semaphore, i| {
            let _permit = semaphore.acquire().await.expect("never closed");
            black_box(operation(i).await.is_ok());
        }),
    )
}

fn stack4() -> Contest {
    let mainstay = (
        Timeout::new("t", SECOND).expect("a limit"),
        Retry::new("r", RetryConfig::FAST).expect("a preset"),
        breaker(),
        Bulkhead::new("k", BulkheadConfig::NORMAL).expect("a preset"),
    );
    let by_hand = (recloser::AsyncRecloser::from(recloser::Recloser::default()), Semaphore::new(10));
    Contest::new(
        "stack4",
        on_runtime(mainstay, async |guard, i| {
            black_box(guard.call(|| operation(i)).await.is_ok());
        }),
    )
    .raw(on_runtime((), async |(), i| {
        black_box(operation(i).await.is_ok());
    }))
    .peer(
        "tower-resilience",
        on_runtime(tower_stack(), async |service, i| {
            black_box(service.ready().await.expect("closed").call(i).await.is_ok());
        }),
    )
    .peer(
        "tokio+backon+recloser",
        on_runtime(by_hand, async |(breaker, semaphore), i| {
            use backon::{ExponentialBuilder, Retryable};
            let attempt = || {
                breaker.call(async {
                    let _permit = semaphore.acquire().await.expect("never closed");
                    operation(i).await
                })
            };
            let retried = attempt.retry(ExponentialBuilder::default().with_max_times(2));
            black_box(tokio::time::timeout(SECOND, retried).await.is_ok());
        }),
    )
}

fn tower_stack() -> impl Service<u64, Response = u64, Error: std::fmt::Debug> {
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(10).build().expect("valid");
    let breaker = CircuitBreakerLayer::builder().build().expect("valid");
    let retry = RetryLayer::builder().max_attempts(3).build();
    let timeout = TimeLimiterLayer::builder().timeout_duration(SECOND).build();
    timeout.layer(retry.layer(breaker.layer(bulkhead.layer(tower::service_fn(operation)))))
}
