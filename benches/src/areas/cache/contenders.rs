//! The caches that are set beside each other, each filled with the same entries.

use mainstay_cache::{Cache, CacheKey, MemoryConfig, Region, RegionOptions};
use multi_tier_cache::{
    CacheManager, CacheStrategy, CacheSystemBuilder, MokaCache, MokaCacheConfig, TierConfig,
};
use std::{hash::Hash, iter::repeat_with, sync::Arc, time::Duration};

pub(super) type Value = Arc<Vec<u64>>;

pub(super) const ENTRIES: usize = 1_000;
/// Twice the entries: a sharded store evicts before it is full, and only hits are to be measured.
pub(super) const CAPACITY: usize = 2 * ENTRIES;
pub(super) const TTL: Duration = Duration::from_secs(300);
pub(super) const KEPT: &str = "all entries fit and outlive the run";

pub(super) fn numbers() -> Vec<u64> {
    (0..ENTRIES as u64).collect()
}

pub(super) fn texts() -> Vec<String> {
    numbers().iter().map(|n| format!("house-{n}")).collect()
}

pub(super) fn value() -> Value {
    Arc::new(vec![7; 100])
}

/// Memory only, the default store, entries with a life of 300 s.
pub(super) fn mainstay<K: CacheKey>(keys: &[K]) -> Region<K, Vec<u64>> {
    block_on(async {
        let memory = MemoryConfig::default().capacity(CAPACITY);
        let cache = Cache::builder("b").memory(memory).build().await.expect("memory only");
        let region = cache.region("house", RegionOptions::default().ttl(TTL)).expect("a valid region");
        let values = repeat_with(|| value().to_vec());
        region.set_many(keys.iter().zip(values)).await.expect("nothing is serialised");
        region
    })
}

/// The store with the features and the hasher it has in mainstay.
pub(super) fn raw<K: Hash + Eq + Clone>(
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

pub(super) type Hasher = foldhash::quality::RandomState;

/// As in its first example: bounded, the default hasher. Without a time to live it is spared a look at the clock.
pub(super) fn moka<K: Hash + Eq + Send + Sync + Clone + 'static>(keys: &[K]) -> moka::sync::Cache<K, Value> {
    let cache = moka::sync::Cache::new(CAPACITY as u64);
    for key in keys {
        cache.insert(key.clone(), value());
    }
    cache.run_pending_tasks();
    cache
}

/// The same for async callers; its reads are awaited and never wait.
pub(super) fn moka_future<K>(keys: &[K]) -> moka::future::Cache<K, Value>
where
    K: Hash + Eq + Send + Sync + Clone + 'static,
{
    block_on(async {
        let cache = moka::future::Cache::new(CAPACITY as u64);
        for key in keys {
            cache.insert(key.clone(), value()).await;
        }
        cache.run_pending_tasks().await;
        cache
    })
}

/// One tier, its own memory over `moka::future`, and the manager's `get`: what its documentation calls a zero-cost hit. It
/// answers the bytes of the value, which a caller has still to decode; the typed reads decode them at every hit.
pub(super) fn multi_tier(keys: &[String]) -> Arc<CacheManager> {
    block_on(async {
        // Idle for as long as it lives: the default would end an entry in the middle of a long run.
        let config = MokaCacheConfig { max_capacity: CAPACITY as u64, time_to_live: TTL, time_to_idle: TTL };
        let memory = Arc::new(MokaCache::new(config).expect("a valid configuration"));
        let system = CacheSystemBuilder::new().with_tier(memory, TierConfig::as_l1()).build().await;
        let manager = system.expect("memory only").cache_manager;
        let bytes: Vec<u8> = value().iter().flat_map(|number| number.to_le_bytes()).collect();
        for key in keys {
            let bytes = bytes.clone().into();
            manager.set_with_strategy(key, bytes, CacheStrategy::Custom(TTL)).await.expect("in memory");
        }
        manager
    })
}

/// Its synchronous read, the fastest hit in its own table, on the cache its own benches use: unbounded, with a life.
pub(super) fn amalgam(keys: &[String]) -> amalgam::BlockingCache<Value> {
    let options = amalgam::EntryOptions::new(TTL);
    let cache = amalgam::BlockingCache::from_builder(amalgam::Cache::builder().default_options(options))
        .expect("its executor starts");
    for key in keys {
        cache.set(key, value()).execute().expect("in memory");
    }
    cache
}

/// Its bounded store for many threads whose entries have a life.
pub(super) fn cached<K: Hash + Eq + Clone>(keys: &[K]) -> cached::ShardedLruTtlCache<K, Value> {
    use cached::ConcurrentCached;
    let cache = cached::ShardedLruTtlCache::new(CAPACITY, TTL);
    for key in keys {
        cache.cache_set(key.clone(), value()).expect("in memory");
    }
    cache
}

/// Its memory half, which its hybrid cache reads first.
pub(super) fn foyer<K>(keys: &[K]) -> foyer_memory::Cache<K, Value>
where
    K: Hash + Eq + Send + Sync + Clone + 'static,
{
    let cache = foyer_memory::CacheBuilder::new(CAPACITY).build();
    for key in keys {
        cache.insert(key.clone(), value());
    }
    cache
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts").block_on(future)
}

/// Keys that take turns without a division.
#[derive(Clone)]
pub(super) struct Turning<K> {
    keys: Arc<[K]>,
    at: usize,
}

impl<K> Turning<K> {
    pub(super) fn new(keys: Vec<K>) -> Self {
        Self { keys: keys.into(), at: 0 }
    }

    /// The same, begun elsewhere.
    pub(super) fn from(mut self, at: usize) -> Self {
        self.at = at % self.keys.len();
        self
    }

    pub(super) fn next(&mut self) -> &K {
        self.at += 1;
        if self.at >= self.keys.len() {
            self.at = 0;
        }
        &self.keys[self.at]
    }
}
