use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use super::store::{Glance, Store};
use super::store_key::{Lookup, StoreKey};
use crate::entry::Entry;
use crate::options::MemoryConfig;

/// `moka`'s sync cache as a plain map: W-TinyLFU, no time to live of its own, and never its `get_with`, which keeps a value
/// that was invalidated while its init ran.
#[derive(Debug)]
pub(super) struct Moka {
    map: Cache<StoreKey, Arc<Entry>, foldhash::fast::RandomState>,
    unsettled: AtomicU64,
}

/// moka evicts in maintenance, by default after 64 inserts: too late for a small cache's bound, so we ask for it sooner.
const UNSETTLED_AT_MOST: u64 = 16;

impl Moka {
    pub(super) fn new(config: &MemoryConfig) -> Self {
        let count = u64::try_from(config.capacity).unwrap_or(u64::MAX);
        let mut map = Cache::builder().max_capacity(config.max_weight.unwrap_or(count));
        if config.max_weight.is_some() {
            map = map.initial_capacity(config.capacity).weigher(|_, entry: &Arc<Entry>| entry.weight.max(1));
        }
        let map = map.build_with_hasher(foldhash::fast::RandomState::default());
        Self { map, unsettled: AtomicU64::new(0) }
    }
}

impl Store for Moka {
    fn get(&self, at: &Lookup<'_>) -> Option<Glance> {
        self.map.get(at).map(|entry| Glance::at(&entry))
    }

    fn entry(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        self.map.get(at)
    }

    /// It holds the entry itself, where the caller noted it.
    fn note(&self, _at: &Lookup<'_>, _entry: &Arc<Entry>) {}

    /// Hands out nothing: moka keeps the displaced to itself and drops them in its own maintenance.
    fn insert(&self, key: StoreKey, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        self.map.insert(key, entry);
        if self.unsettled.fetch_add(1, Ordering::Relaxed) % UNSETTLED_AT_MOST == UNSETTLED_AT_MOST - 1 {
            self.map.run_pending_tasks();
        }
        Vec::new()
    }

    fn remove(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        self.map.remove(at)
    }

    /// One by one, since `invalidate_all` spares what is inserted within the same instant (moka-rs/moka#155).
    fn clear(&self) {
        for (key, _) in &self.map {
            self.map.invalidate(key.as_ref());
        }
    }

    fn len(&self) -> u64 {
        self.map.run_pending_tasks();
        self.map.entry_count()
    }

    fn weight(&self) -> u64 {
        self.map.run_pending_tasks();
        self.map.weighted_size()
    }
}
