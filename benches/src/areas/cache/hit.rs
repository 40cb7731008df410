//! A typed hit in memory: 1,000 entries of an `Arc<Vec<u64>>` each, by text key and by number.

use super::contenders::{
    KEPT, Turning, amalgam, cached, foyer, mainstay, moka, moka_future, multi_tier, numbers, raw, texts,
};
use crate::{
    contest::Contest,
    work::{on_runtime, on_thread},
};
use ::cached::ConcurrentCached;
use mainstay_cache::CacheKey;
use std::{fmt::Write, hash::Hash, hint::black_box};

pub(super) fn l1_hit_string() -> Contest {
    let keys = texts();
    let (amalgam, multi_tier) = (amalgam(&keys), multi_tier(&keys));
    contest("l1_hit_string", keys.clone())
        .peer(
            "amalgam-cache",
            on_thread(Turning::new(keys.clone()), move |keys| {
                black_box(amalgam.try_get(keys.next()).execute().expect("in memory").expect(KEPT));
            }),
        )
        .peer(
            "multi-tier-cache",
            on_runtime((Turning::new(keys), multi_tier), async |(keys, multi_tier), _| {
                black_box(multi_tier.get(keys.next()).await.expect("in memory").expect(KEPT));
            }),
        )
}

pub(super) fn l1_hit_u64() -> Contest {
    let keys = numbers();
    let texts: Vec<String> = keys.iter().map(u64::to_string).collect();
    let (amalgam, multi_tier) = (amalgam(&texts), multi_tier(&texts));
    // The keys of these two are text: the number is written into a buffer that is kept, the cheapest a caller can do.
    let write = |text: &mut String, number: &u64| {
        text.clear();
        write!(text, "{number}").expect("a string takes all");
    };
    let turning = (Turning::new(keys.clone()), String::new());
    contest("l1_hit_u64", keys)
        .peer(
            "amalgam-cache",
            on_thread(turning.clone(), move |(keys, text)| {
                write(text, keys.next());
                black_box(amalgam.try_get(text).execute().expect("in memory").expect(KEPT));
            }),
        )
        .peer(
            "multi-tier-cache",
            on_runtime((turning, multi_tier), async move |((keys, text), multi_tier), _| {
                write(text, keys.next());
                black_box(multi_tier.get(text).await.expect("in memory").expect(KEPT));
            }),
        )
}

/// What takes the key as it is; raw is `quick_cache`, which mainstay's memory stands on by default.
fn contest<K>(bench: &'static str, keys: Vec<K>) -> Contest
where
    K: CacheKey + Hash + Eq + Clone + 'static,
{
    let (region, raw, moka) = (mainstay(&keys), raw(&keys), moka(&keys));
    let moka_future = moka_future(&keys);
    let (cached, foyer) = (cached(&keys), foyer(&keys));
    Contest::new(
        bench,
        on_thread(Turning::new(keys.clone()), move |keys| {
            black_box(region.get_cached(keys.next()).expect(KEPT));
        }),
    )
    .allocating_nothing()
    .raw(on_thread(Turning::new(keys.clone()), move |keys| {
        black_box(raw.get(keys.next()).expect(KEPT));
    }))
    .peer(
        "moka",
        on_thread(Turning::new(keys.clone()), move |keys| {
            black_box(moka.get(keys.next()).expect(KEPT));
        }),
    )
    .peer(
        "moka::future",
        on_runtime((Turning::new(keys.clone()), moka_future), async |(keys, moka), _| {
            black_box(moka.get(keys.next()).await.expect(KEPT));
        }),
    )
    .peer(
        "cached",
        on_thread(Turning::new(keys.clone()), move |keys| {
            black_box(cached.cache_get(keys.next()).expect("in memory").expect(KEPT));
        }),
    )
    .peer(
        "foyer",
        on_thread(Turning::new(keys), move |keys| {
            black_box(foyer.get(keys.next()).expect(KEPT));
        }),
    )
}
