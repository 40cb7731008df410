//! Checkout and return of a warm pool of 16 that nobody has to wait for.

use super::idle::{self, AnyPool};
use crate::{
    contest::Contest,
    work::{Work, made_on_runtime, made_on_tasks},
};
use std::{hint::black_box, time::Duration};

const CONNECTIONS: u16 = 16;

pub(super) fn by_1task() -> Contest {
    fn work<P: AnyPool>(make: impl AsyncFnOnce() -> P) -> impl FnMut(u64) -> Duration {
        made_on_runtime(make, async |pool: &mut P, _| {
            black_box(pool.take().await);
        })
    }
    Contest::new("checkout_1task", work(async || idle::mainstay(CONNECTIONS).await))
        .peer("deadpool", work(async || idle::deadpool(CONNECTIONS).await))
        .peer("bb8", work(async || idle::bb8(CONNECTIONS, false).await))
        .peer("bb8-checked", work(async || idle::bb8(CONNECTIONS, true).await))
        .peer("mobc", work(async || idle::mobc(CONNECTIONS, false).await))
        .peer("mobc-checked", work(async || idle::mobc(CONNECTIONS, true).await))
        .peer("fast_pool", work(async || idle::fast_pool(CONNECTIONS).await))
}

pub(super) fn by_2tasks() -> Contest {
    fn work<P: AnyPool>(make: impl AsyncFnOnce() -> P) -> Work {
        made_on_tasks(2, make, |pool: P, count| async move {
            for _ in 0..count {
                black_box(pool.take().await);
            }
        })
    }
    Contest::new("checkout_2tasks", work(async || idle::mainstay(CONNECTIONS).await))
        .throughput()
        .peer("deadpool", work(async || idle::deadpool(CONNECTIONS).await))
        .peer("bb8", work(async || idle::bb8(CONNECTIONS, false).await))
        .peer("bb8-checked", work(async || idle::bb8(CONNECTIONS, true).await))
        .peer("mobc", work(async || idle::mobc(CONNECTIONS, false).await))
        .peer("mobc-checked", work(async || idle::mobc(CONNECTIONS, true).await))
        .peer("fast_pool", work(async || idle::fast_pool(CONNECTIONS).await))
}
