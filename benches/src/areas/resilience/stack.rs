//! Timeout, retry, breaker and bulkhead around one call, each set as in its own contest; once without telemetry and once
//! with each policy counting by the `metrics` facade, to the recorder of Prometheus' exporter.
//!
//! - tower-resilience: its four layers in the same order.
//! - by hand: tokio's timeout, backon, recloser and tokio's semaphore.
//!
//! Where mainstay counts, they still do not.

use super::{
    breaker, bulkhead,
    operation::{SECOND, operation, raw},
    retry, timeout,
};
use crate::{contest::Contest, work::on_runtime};
use backon::{ExponentialBuilder, Retryable as _};
use mainstay_resilience::{BreakerConfig, PolicyExt, telemetry::Metrics};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{hint::black_box, sync::LazyLock};
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};
use tower_resilience::{
    bulkhead::BulkheadLayer, circuitbreaker::CircuitBreakerLayer, retry::RetryLayer,
    timelimiter::TimeLimiterLayer,
};

pub(super) fn stack4() -> Contest {
    let breaker = breaker::mainstay(BreakerConfig::default());
    let guard = (timeout::mainstay(), retry::mainstay(), breaker, bulkhead::mainstay());
    against_peers(Contest::new(
        "stack4",
        on_runtime(guard, async |guard, i| {
            black_box(guard.call(|| operation(i)).await.is_ok());
        }),
    ))
}

pub(super) fn stack4_metrics() -> Contest {
    // Before the observers, which take their counters from it.
    LazyLock::force(&RECORDER);
    let guard = (
        timeout::mainstay().observe(Metrics::new()),
        retry::mainstay().observe(Metrics::new()),
        breaker::mainstay(BreakerConfig::default()).observe(Metrics::new()),
        bulkhead::mainstay().observe(Metrics::new()),
    );
    against_peers(Contest::new(
        "stack4_metrics",
        on_runtime(guard, async |guard, i| {
            black_box(guard.call(|| operation(i)).await.is_ok());
        }),
    ))
}

/// The recorder of this process.
static RECORDER: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().expect("no other recorder is installed"));

fn against_peers(contest: Contest) -> Contest {
    let by_hand = (breaker::recloser(), Semaphore::new(bulkhead::PLACES));
    contest
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the recorder is not there in time, observers count into nothing, and that is quick.
    #[test]
    fn with_metrics_calls_are_really_counted() {
        drop(stack4_metrics().count_allocations("resilience", |work| {
            work();
            0
        }));
        let counted = RECORDER.render();
        for policy in ["timeout", "retry", "breaker", "bulkhead"] {
            let calls = format!("mainstay_resilience_calls_total{{policy=\"{policy}\"");
            let successes = |line: &&str| line.starts_with(&calls) && line.contains("outcome=\"success\"");
            let line = counted.lines().find(successes).expect("each policy counts its calls");
            assert!(!line.ends_with(" 0"), "{line}");
        }
    }
}
