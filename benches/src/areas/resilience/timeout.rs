//! A limit of a second on an answer that is ready. All contenders: that limit, nothing else to set.

use super::operation::{SECOND, operation, raw};
use crate::{contest::Contest, work::on_runtime};
use mainstay_resilience::{PolicyExt, Timeout};
use std::hint::black_box;
use tower::{Layer, Service, ServiceExt};
use tower_resilience::timelimiter::TimeLimiterLayer;

pub(super) fn mainstay() -> Timeout {
    Timeout::new("t", SECOND).expect("a limit")
}

pub(super) fn ready() -> Contest {
    let tower_resilience = TimeLimiterLayer::builder().timeout_duration(SECOND).build();
    Contest::new(
        "timeout_ready",
        on_runtime(mainstay(), async |timeout, i| {
            black_box(timeout.call(|| operation(i)).await.is_ok());
        }),
    )
    .allocating_nothing()
    .raw(raw())
    .peer(
        "tokio",
        on_runtime((), async |(), i| {
            black_box(tokio::time::timeout(SECOND, operation(i)).await.is_ok());
        }),
    )
    .peer(
        "tower",
        on_runtime(tower::timeout::Timeout::new(tower::service_fn(operation), SECOND), async |service, i| {
            black_box(service.ready().await.expect("always ready").call(i).await.is_ok());
        }),
    )
    .peer(
        "tower-resilience",
        on_runtime(tower_resilience.layer(tower::service_fn(operation)), async |service, i| {
            black_box(service.ready().await.expect("always ready").call(i).await.is_ok());
        }),
    )
}
