//! A hit in memory of an `Arc<Vec<u64>>` of 100, among 1,000 entries, the keys taken in turn.

use crate::contest::{Contest, on_runtime};
use mainstay_cache::{Cache, CacheKey, MemoryConfig, Region, RegionOptions};
use std::{
    hash::Hash,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

const ENTRIES: usize = 1_000;
/// Room to spare, so that every contender holds every entry.
const ROOM: usize = 4 * ENTRIES;

type Value = Vec<u64>;

pub(super) fn contests() -> Vec<Contest> {
    let numbers: Vec<u64> = (0..ENTRIES as u64).collect();
    let texts: Vec<String> = numbers.iter().map(|id| format!("property:{id}")).collect();
    vec![l1_hit("l1_hit_string", texts), l1_hit("l1_hit_u64", numbers)]
}

fn value(seed: usize) -> Value {
    (0..100).map(|n| n + seed as u64).collect()
}

/// Times the same look-up, with the next key each time.
fn timed<K: 'static>(keys: Vec<K>, look: impl Fn(&K) -> bool + 'static) -> impl FnMut(u64) -> Duration {
    assert!(keys.iter().all(&look), "a contender does not hold every entry");
    move |count| {
        let began = Instant::now();
        for i in 0..count {
            black_box(look(black_box(&keys[i as usize % ENTRIES])));
        }
        began.elapsed()
    }
}

fn l1_hit<K>(bench: &'static str, keys: Vec<K>) -> Contest
where
    K: CacheKey + Clone + Eq + Hash + ToString + 'static,
{
    // moka's and quick_cache's own defaults but for the capacity.
    let moka = moka::sync::Cache::new(ROOM as u64);
    let quick = quick_cache::sync::Cache::new(ROOM);
    for (at, key) in keys.iter().enumerate() {
        moka.insert(key.clone(), Arc::new(value(at)));
        quick.insert(key.clone(), Arc::new(value(at)));
    }
    let region = filled(&keys);
    // amalgam's keys are text whatever the caller's are: it is given text made beforehand.
    let texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
    Contest::new(bench, timed(keys.clone(), move |key| region.get_cached(key).is_some()))
        .raw(timed(keys.clone(), move |key| quick.get(key).is_some()))
        .peer("moka", timed(keys, move |key| moka.get(key).is_some()))
        .peer("amalgam-cache", amalgam(texts))
}

fn filled<K: CacheKey>(keys: &[K]) -> Region<K, Value> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let memory = MemoryConfig::default().capacity(ROOM);
        let cache = Cache::builder("bench").memory(memory).build().await.expect("memory only");
        let region = cache.region("r", RegionOptions::default()).expect("a new name");
        for (at, key) in keys.iter().enumerate() {
            region.set(key, value(at)).await.expect("a value that serialises");
        }
        region
    })
}

/// Its fastest documented read of an entry that is there: `try_get`, on a memory-only cache.
fn amalgam(texts: Vec<String>) -> impl FnMut(u64) -> Duration {
    let setup = move || async move {
        let cache: amalgam::Cache<Arc<Value>> = amalgam::Cache::builder().try_build().expect("defaults");
        for (at, text) in texts.iter().enumerate() {
            cache.set(text, Arc::new(value(at))).await.expect("memory only");
        }
        for text in &texts {
            assert!(
                cache.try_get(text).await.expect("memory only").is_some(),
                "it does not hold every entry"
            );
        }
        (cache, texts)
    };
    on_runtime(setup, async |(cache, texts), i| {
        let text = black_box(&texts[i as usize % ENTRIES]);
        black_box(cache.try_get(text).await.expect("memory only").is_some());
    })
}
