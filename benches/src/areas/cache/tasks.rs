//! Hits of eight tasks at once on all cores: what the counters and locks that tasks share cost.

use super::contenders::{
    KEPT, Turning, amalgam, cached, foyer, mainstay, moka, moka_future, multi_tier, raw, texts,
};
use crate::{
    contest::Contest,
    work::{Work, on_tasks},
};
use ::cached::ConcurrentCached;
use std::{
    hint::black_box,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
};

const TASKS: u64 = 8;

pub(super) fn l1_hit_8tasks() -> Contest {
    let keys = texts();
    let (region, raw, moka, amalgam) = (mainstay(&keys), raw(&keys), moka(&keys), amalgam(&keys));
    let (cached, foyer) = (cached(&keys), foyer(&keys));
    let (moka_future, multi_tier) = (moka_future(&keys), multi_tier(&keys));
    let keys = Turning::new(keys);
    Contest::new(
        "l1_hit_8tasks",
        hits(&keys, region, |region, key| {
            black_box(region.get_cached(key).expect(KEPT));
        }),
    )
    .throughput()
    .raw(hits(&keys, Arc::new(raw), |raw, key| {
        black_box(raw.get(key).expect(KEPT));
    }))
    .peer(
        "amalgam-cache",
        hits(&keys, amalgam, |amalgam, key| {
            black_box(amalgam.try_get(key).execute().expect("in memory").expect(KEPT));
        }),
    )
    .peer(
        "moka",
        hits(&keys, moka, |moka, key| {
            black_box(moka.get(key).expect(KEPT));
        }),
    )
    .peer(
        "moka::future",
        shares(&keys, moka_future, |moka, mut keys, count| async move {
            for _ in 0..count {
                black_box(moka.get(keys.next()).await.expect(KEPT));
            }
        }),
    )
    .peer(
        "cached",
        hits(&keys, cached, |cached, key| {
            black_box(cached.cache_get(key).expect("in memory").expect(KEPT));
        }),
    )
    .peer(
        "foyer",
        hits(&keys, foyer, |foyer, key| {
            black_box(foyer.get(key).expect(KEPT));
        }),
    )
    .peer(
        "multi-tier-cache",
        shares(&keys, multi_tier, |multi_tier, mut keys, count| async move {
            for _ in 0..count {
                black_box(multi_tier.get(keys.next()).await.expect("in memory").expect(KEPT));
            }
        }),
    )
}

fn hits<C>(keys: &Turning<String>, cache: C, hit: fn(&C, &String)) -> Work
where
    C: Clone + Send + Sync + 'static,
{
    shares(keys, cache, move |cache, mut keys, count| async move {
        for _ in 0..count {
            hit(&cache, keys.next());
        }
    })
}

/// Each task has a handle of its own and begins elsewhere in the keys.
fn shares<C, F, Fut>(keys: &Turning<String>, cache: C, share: F) -> Work
where
    C: Clone + 'static,
    F: Fn(C, Turning<String>, u64) -> Fut + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let begun = Arc::new(AtomicUsize::new(0));
    on_tasks(TASKS, (keys.clone(), cache), move |(keys, cache), count| {
        share(cache, keys.from(begun.fetch_add(125, Ordering::Relaxed)), count)
    })
}
