//! Sixty-four tasks on eight connections. Whoever has one yields before giving it back, as every caller with a query to wait for does:
//! so there is always a line.

use super::{
    fairness::Fairness,
    idle::{self, AnyPool},
};
use crate::{
    contest::Contest,
    work::{Work, made_on_tasks, many_threads},
};
use hdrhistogram::Histogram;
use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

const TASKS: u64 = 64;
const CONNECTIONS: u16 = 8;
/// Checkouts of which the longest waits are taken: 256 of them are the thousandth part.
const CHECKOUTS: u64 = 256_000;

pub(super) fn throughput() -> Contest {
    fn work<P: AnyPool>(make: impl AsyncFnOnce() -> P) -> Work {
        made_on_tasks(TASKS, make, |pool: P, count| async move {
            for _ in 0..count {
                let held = pool.take().await;
                tokio::task::yield_now().await;
                black_box(&held);
            }
        })
    }
    Contest::new("contended_64x8_throughput", work(async || idle::mainstay(CONNECTIONS).await))
        .throughput()
        .peer("deadpool", work(async || idle::deadpool(CONNECTIONS).await))
        .peer("bb8", work(async || idle::bb8(CONNECTIONS, false).await))
        .peer("bb8-checked", work(async || idle::bb8(CONNECTIONS, true).await))
        .peer("mobc", work(async || idle::mobc(CONNECTIONS, false).await))
        .peer("mobc-checked", work(async || idle::mobc(CONNECTIONS, true).await))
        .peer("fast_pool", work(async || idle::fast_pool(CONNECTIONS).await))
}

pub(super) fn p999() -> Contest {
    let fairness = Fairness::default();
    let told = fairness.clone();
    let with = |name| (name, fairness.clone());
    Contest::new("contended_64x8_p999", rivalry(with("mainstay"), async || idle::mainstay(CONNECTIONS).await))
        .tail_of(CHECKOUTS)
        .peer("deadpool", rivalry(with("deadpool"), async || idle::deadpool(CONNECTIONS).await))
        .peer("bb8", rivalry(with("bb8"), async || idle::bb8(CONNECTIONS, false).await))
        .peer("bb8-checked", rivalry(with("bb8-checked"), async || idle::bb8(CONNECTIONS, true).await))
        .peer("mobc", rivalry(with("mobc"), async || idle::mobc(CONNECTIONS, false).await))
        .peer("mobc-checked", rivalry(with("mobc-checked"), async || idle::mobc(CONNECTIONS, true).await))
        .peer("fast_pool", rivalry(with("fast_pool"), async || idle::fast_pool(CONNECTIONS).await))
        .remark(move || told.told())
}

/// The wait that one checkout of a thousand exceeds, where the tasks take from one stock of checkouts: who is served more often takes more.
///
/// Corrected for coordinated omission, by HdrHistogram's method: a caller who is passed over for a hundred turns tells of one long wait while
/// those who pass it tell of thousands of short ones, so the checkouts it would have made meanwhile, at the pace of all together, count as
/// waits too. Where callers are served in order no wait is that long, and nothing is added.
fn rivalry<P: AnyPool>(
    (name, fairness): (&'static str, Fairness),
    make: impl AsyncFnOnce() -> P,
) -> impl FnMut(u64) -> Duration {
    let runtime = many_threads();
    let pool = runtime.block_on(make());
    move |checkouts| {
        let stock = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let rivals = runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..TASKS {
                let rival = rival(pool.clone(), Arc::clone(&stock), checkouts);
                all.spawn(tokio::task::unconstrained(rival));
            }
            all.join_all().await
        });
        let mut waits = histogram();
        let mut served = Vec::new();
        for own in rivals {
            served.push(own.len());
            waits.add(own).expect("of the same bounds");
        }
        fairness.note(name, &served);
        let pace = began.elapsed().as_nanos() as u64 * TASKS / checkouts;
        Duration::from_nanos(waits.clone_correct(pace).value_at_quantile(0.999))
    }
}

async fn rival<P: AnyPool>(pool: P, stock: Arc<AtomicU64>, checkouts: u64) -> Histogram<u64> {
    let mut waits = histogram();
    while stock.fetch_add(1, Relaxed) < checkouts {
        let asked = Instant::now();
        let held = pool.take().await;
        waits.saturating_record(asked.elapsed().as_nanos() as u64);
        tokio::task::yield_now().await;
        black_box(&held);
    }
    waits
}

/// Up to a minute, to three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds in order")
}
