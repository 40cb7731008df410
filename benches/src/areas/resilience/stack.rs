//! Timeout, retry, breaker and bulkhead around one call, each set as in its own contest.
//!
//! - tower-resilience: its four layers in the same order.
//! - by hand: tokio's timeout, backon, recloser and tokio's semaphore.

use super::{
    breaker, bulkhead,
    operation::{SECOND, operation, raw},
    retry, timeout,
};
use crate::contest::{Contest, on_runtime};
use backon::{ExponentialBuilder, Retryable as _};
use mainstay_resilience::{BreakerConfig, PolicyExt};
use std::hint::black_box;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};
use tower_resilience::{
    bulkhead::BulkheadLayer, circuitbreaker::CircuitBreakerLayer, retry::RetryLayer,
    timelimiter::TimeLimiterLayer,
};

pub(super) fn stack4() -> Contest {
    let breaker = breaker::mainstay(BreakerConfig::default());
    let mainstay = (timeout::mainstay(), retry::mainstay(), breaker, bulkhead::mainstay());
    let by_hand = (breaker::recloser(), Semaphore::new(bulkhead::PLACES));
    Contest::new(
        "stack4",
        on_runtime(mainstay, async |guard, i| {
            black_box(guard.call(|| operation(i)).await.is_ok());
        }),
    )
    .allocating_nothing()
    .raw(raw())
    .peer(
        "tower-resilience",
        on_runtime(tower_resilience(), async |service, i| {
            black_box(service.ready().await.expect("closed").call(i).await.is_ok());
        }),
    )
    .peer(
        "tokio+backon+recloser",
        on_runtime(by_hand, async |(breaker, semaphore), i| {
            let attempt = || {
                breaker.call(async {
                    let _permit = semaphore.acquire().await.expect("never closed");
                    operation(i).await
                })
            };
            let retried = attempt.retry(ExponentialBuilder::default().with_jitter().with_max_times(2));
            black_box(tokio::time::timeout(SECOND, retried).await.is_ok());
        }),
    )
}

fn tower_resilience() -> impl Service<u64, Response = u64, Error: std::fmt::Debug> {
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(bulkhead::PLACES).build().expect("valid");
    let breaker = CircuitBreakerLayer::builder().build().expect("defaults are valid");
    let retry = RetryLayer::builder().max_attempts(3).build();
    let timeout = TimeLimiterLayer::builder().timeout_duration(SECOND).build();
    timeout.layer(retry.layer(breaker.layer(bulkhead.layer(tower::service_fn(operation)))))
}
