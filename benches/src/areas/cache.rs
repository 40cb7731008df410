//! A typed hit in memory: 1,000 entries of an `Arc<Vec<u64>>` each, by text key and by number.

use crate::{contest::Contest, work::on_thread};
use mainstay_cache::{Cache, CacheKey, MemoryConfig, Region, RegionOptions};
use std::{fmt::Write, hash::Hash, hint::black_box, iter::repeat_with, sync::Arc, time::Duration};

pub(super) fn contests() -> Vec<Contest> {
    vec![l1_hit_string(), l1_hit_u64()]
}

type Value = Arc<Vec<u64>>;

const ENTRIES: usize = 1_000;
/// Twice the entries: a sharded store evicts before it is full, and only hits are to be measured.
const CAPACITY: usize = 2 * ENTRIES;
const TTL: Duration = Duration::from_secs(300);
const KEPT: &str = "all entries fit and outlive the run";

fn l1_hit_string() -> Contest {
    let keys: Vec<String> = numbers().map(|n| format!("house-{n}")).collect();
    let amalgam = amalgam(&keys);
    contest("l1_hit_string", keys.clone()).peer(
        "amalgam-cache",
        on_thread(Turning::new(keys), move |keys| {
            black_box(amalgam.try_get(keys.next()).execute().expect("in memory").expect(KEPT));
        }),
    )
}

fn l1_hit_u64() -> Contest {
    let keys: Vec<u64> = numbers().collect();
    let texts: Vec<String> = keys.iter().map(u64::to_string).collect();
    let amalgam = amalgam(&texts);
    // Its keys are text: the number is written into a buffer that is kept, the cheapest a caller can do.
    let mut text = String::new();
    contest("l1_hit_u64", keys.clone()).peer(
        "amalgam-cache",
        on_thread(Turning::new(keys), move |keys| {
            text.clear();
            write!(text, "{}", keys.next()).expect("a string takes all");
            black_box(amalgam.try_get(&text).execute().expect("in memory").expect(KEPT));
        }),
    )
}

/// What takes the key as it is: mainstay, moka, and `quick_cache`, which mainstay's memory stands on by default.
fn contest<K>(bench: &'static str, keys: Vec<K>) -> Contest
where
    K: CacheKey + Hash + Eq + Clone + 'static,
{
    let (region, raw, moka) = (region(&keys), raw(&keys), moka(&keys));
    Contest::new(
        bench,
        on_thread(Turning::new(keys.clone()), move |keys| {
            black_box(region.get_cached(keys.next()).expect(KEPT));
        }),
    )
    .raw(on_thread(Turning::new(keys.clone()), move |keys| {
        black_box(raw.get(keys.next()).expect(KEPT));
    }))
    .peer(
        "moka",
        on_thread(Turning::new(keys), move |keys| {
            black_box(moka.get(keys.next()).expect(KEPT));
        }),
    )
}

/// Memory only, the default store, entries with a life of 300 s.
fn region<K: CacheKey>(keys: &[K]) -> Region<K, Vec<u64>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(async {
        let memory = MemoryConfig::default().capacity(CAPACITY);
        let cache = Cache::builder("b").memory(memory).build().await.expect("memory only");
        let region = cache.region("house", RegionOptions::default().ttl(TTL)).expect("a valid region");
        let values = repeat_with(|| value().to_vec());
        region.set_many(keys.iter().zip(values)).await.expect("nothing is serialised");
        region
    })
}

/// The store with the features and the hasher it has in mainstay.
fn raw<K: Hash + Eq + Clone>(
    keys: &[K],
) -> quick_cache::sync::Cache<K, Value, quick_cache::UnitWeighter, Hasher> {
    let store = quick_cache::sync::Cache::with(
        CAPACITY,
        CAPACITY as u64,
        quick_cache::UnitWeighter,
        Hasher::default(),
        quick_cache::sync::DefaultLifecycle::default(),
    );
    for key in keys {
        store.insert(key.clone(), value());
    }
    store
}

type Hasher = foldhash::fast::RandomState;

/// As in its first example: bounded, the default hasher. Without a time to live it is spared a look at the clock.
fn moka<K: Hash + Eq + Send + Sync + Clone + 'static>(keys: &[K]) -> moka::sync::Cache<K, Value> {
    let cache = moka::sync::Cache::new(CAPACITY as u64);
    for key in keys {
        cache.insert(key.clone(), value());
    }
    cache.run_pending_tasks();
    cache
}

/// Its synchronous read, the fastest hit in its own table, on the cache its own benches use: unbounded, with a life.
fn amalgam(keys: &[String]) -> amalgam::BlockingCache<Value> {
    let options = amalgam::EntryOptions::new(TTL);
    let cache = amalgam::BlockingCache::from_builder(amalgam::Cache::builder().default_options(options))
        .expect("its executor starts");
    for key in keys {
        cache.set(key, value()).execute().expect("in memory");
    }
    cache
}

fn numbers() -> impl Iterator<Item = u64> {
    0..ENTRIES as u64
}

fn value() -> Value {
    Arc::new(vec![7; 100])
}

/// Keys that take turns without a division.
struct Turning<K> {
    keys: Vec<K>,
    at: usize,
}

impl<K> Turning<K> {
    fn new(keys: Vec<K>) -> Self {
        Self { keys, at: 0 }
    }

    fn next(&mut self) -> &K {
        self.at += 1;
        if self.at >= self.keys.len() {
            self.at = 0;
        }
        &self.keys[self.at]
    }
}
