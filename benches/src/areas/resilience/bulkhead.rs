//! Ten places, all free.
//!
//! - mainstay: `BulkheadConfig::NORMAL`.
//! - tokio: its semaphore, held for the call.
//! - tower: its concurrency limit.
//! - tower-resilience: its bulkhead, otherwise as by default.

use super::operation::{operation, raw};
use crate::{contest::Contest, work::on_runtime};
use mainstay_resilience::{Bulkhead, BulkheadConfig, PolicyExt};
use std::hint::black_box;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};
use tower_resilience::bulkhead::BulkheadLayer;

pub(super) const PLACES: usize = 10;

pub(super) fn mainstay() -> Bulkhead {
    Bulkhead::new("k", BulkheadConfig::NORMAL).expect("a preset")
}

pub(super) fn uncontended() -> Contest {
    let tower_resilience =
        BulkheadLayer::builder().max_concurrent_calls(PLACES).build().expect("a valid limit");
    Contest::new(
        "bulkhead_uncontended",
        on_runtime(mainstay(), async |bulkhead, i| {
            black_box(bulkhead.call(|| operation(i)).await.is_ok());
        }),
    )
    .allocating_nothing()
    .raw(raw())
    .peer(
        "tokio-semaphore",
        on_runtime(Semaphore::new(PLACES), async |semaphore, i| {
            let _permit = semaphore.acquire().await.expect("never closed");
            black_box(operation(i).await.is_ok());
        }),
    )
    .peer(
        "tower",
        on_runtime(ConcurrencyLimit::new(tower::service_fn(operation), PLACES), async |service, i| {
            black_box(service.ready().await.expect("a free place").call(i).await.is_ok());
        }),
    )
    .peer(
        "tower-resilience",
        on_runtime(tower_resilience.layer(tower::service_fn(operation)), async |service, i| {
            black_box(service.ready().await.expect("a free place").call(i).await.is_ok());
        }),
    )
}
