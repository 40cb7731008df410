//! A call that succeeds at the first attempt, under a rule that would make three, with growing pauses and jitter.
//!
//! - mainstay: `RetryConfig::FAST`.
//! - backon: its exponential builder with jitter, two retries.
//! - tokio-retry: its exponential strategy with jitter, two retries, as on its front page.
//! - tower: its policy trait with attempts to count, as in its documentation; it pauses for nothing and draws nothing.
//! - tower-resilience: its defaults, three attempts.

use super::operation::{Failed, operation, raw};
use crate::{contest::Contest, work::on_runtime};
use backon::{ExponentialBuilder, Retryable as _};
use mainstay_resilience::{PolicyExt, Retry, RetryConfig};
use std::{future::Ready, hint::black_box};
use tokio_retry::strategy::{ExponentialBackoff, jitter};
use tower::{Layer, Service, ServiceExt};
use tower_resilience::retry::RetryLayer;

pub(super) fn mainstay() -> Retry {
    Retry::new("r", RetryConfig::FAST).expect("a preset")
}

pub(super) fn first_ok() -> Contest {
    let tower = tower::retry::Retry::new(Attempts(2), tower::service_fn(operation));
    let tower_resilience = RetryLayer::builder().max_attempts(3).build().layer(tower::service_fn(operation));
    Contest::new(
        "retry_first_ok",
        on_runtime(mainstay(), async |retry, i| {
            black_box(retry.call(|| operation(i)).await.is_ok());
        }),
    )
    .allocating_nothing()
    .raw(raw())
    .peer(
        "backon",
        on_runtime((), async |(), i| {
            let rule = ExponentialBuilder::default().with_jitter().with_max_times(2);
            black_box((|| operation(i)).retry(rule).await.is_ok());
        }),
    )
    .peer(
        "tokio-retry",
        on_runtime((), async |(), i| {
            let rule = ExponentialBackoff::from_millis(10).map(jitter).take(2);
            black_box(tokio_retry::Retry::start(rule, || operation(i)).await.is_ok());
        }),
    )
    .peer(
        "tower",
        on_runtime(tower, async |service, i| {
            black_box(service.ready().await.expect("always ready").call(i).await.is_ok());
        }),
    )
    .peer(
        "tower-resilience",
        on_runtime(tower_resilience, async |service, i| {
            black_box(service.ready().await.expect("always ready").call(i).await.is_ok());
        }),
    )
}

/// tower's own example of a policy.
#[derive(Clone)]
struct Attempts(usize);

impl tower::retry::Policy<u64, u64, Failed> for Attempts {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut u64, result: &mut Result<u64, Failed>) -> Option<Ready<()>> {
        if result.is_ok() || self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(std::future::ready(()))
    }

    fn clone_request(&mut self, request: &u64) -> Option<u64> {
        Some(*request)
    }
}
