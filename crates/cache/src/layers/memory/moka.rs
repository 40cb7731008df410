use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use super::sample::reservoir;
use super::store::{Glance, Hashing, Store, Weigh};
use super::store_key::{Lookup, StoreKey};
use crate::entry::Entry;
use crate::options::MemoryConfig;

/// `moka`'s sync cache as a plain map: W-TinyLFU, no time to live of its own, and never its `get_with`, which keeps a value
/// that was invalidated while its init ran, nor its entry interface, whose answers say less than they seem to
/// (moka-rs/moka#217, #545, #574, #593; `MystenLabs/sui#20236`).
#[derive(Debug)]
pub(super) struct Moka {
    map: Cache<StoreKey, Arc<Entry>, Hashing>,
    weigh: Weigh,
    /// The weight that came since the last maintenance, and how much of it is waited for.
    unsettled: AtomicU64,
    unsettled_at_most: u64,
    /// Entries that came and were not taken out: those that are no longer here were evicted. A listener would tell, at the
    /// price of a lock for each key.
    kept: AtomicU64,
}

/// What part of the bound may wait for maintenance.
pub(super) const UNSETTLED_SHARE: u64 = 64;

impl Moka {
    pub(super) fn new(config: &MemoryConfig) -> Self {
        let count = u64::try_from(config.capacity).unwrap_or(u64::MAX);
        let bound = config.max_weight.unwrap_or(count);
        let weigh = Weigh::by(config);
        let mut map = Cache::builder().max_capacity(bound);
        if weigh == Weigh::Weight {
            map = map.weigher(move |_, entry: &Arc<Entry>| weigh.of(entry));
        }
        Self {
            map: map.build_with_hasher(Hashing::default()),
            weigh,
            unsettled: AtomicU64::new(0),
            unsettled_at_most: bound / UNSETTLED_SHARE,
            kept: AtomicU64::new(0),
        }
    }
}

impl Store for Moka {
    fn get(&self, at: &Lookup<'_>) -> Option<Glance> {
        self.map.get(at).map(|entry| Glance::at(&entry, self.weigh))
    }

    fn has(&self, at: &Lookup<'_>) -> bool {
        self.map.contains_key(at)
    }

    /// A hit to its policy all the same, since it has no other way of lending a value.
    fn entry(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        self.map.get(at)
    }

    /// It holds the entry itself, where the caller noted it.
    fn note(&self, _at: &Lookup<'_>, _entry: &Arc<Entry>) {}

    /// Hands out nothing: moka keeps the displaced to itself and drops them in its own maintenance. By default that comes
    /// after 64 inserts, too late for a small cache's bound, so we ask for it sooner.
    fn insert(&self, key: StoreKey, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        let weight = u64::from(self.weigh.of(&entry));
        if !self.map.contains_key(&key) {
            self.kept.fetch_add(1, Ordering::Relaxed);
        }
        self.map.insert(key, entry);
        if self.unsettled.fetch_add(weight, Ordering::Relaxed) + weight > self.unsettled_at_most {
            self.map.run_pending_tasks();
            self.unsettled.store(0, Ordering::Relaxed);
        }
        Vec::new()
    }

    fn remove(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        let removed = self.map.remove(at);
        if removed.is_some() {
            self.kept.fetch_sub(1, Ordering::Relaxed);
        }
        removed
    }

    fn sample(&self, at_most: usize) -> Vec<(StoreKey, Arc<Entry>)> {
        let chosen = reservoir(self.map.iter(), at_most);
        chosen.into_iter().map(|(key, entry)| ((*key).clone(), entry)).collect()
    }

    /// One by one, since `invalidate_all` spares what is inserted within the same instant (moka-rs/moka#155).
    fn clear(&self) {
        for (key, _) in &self.map {
            if self.map.remove(key.as_ref()).is_some() {
                self.kept.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    fn len(&self) -> u64 {
        self.map.run_pending_tasks();
        self.map.entry_count()
    }

    fn evictions(&self) -> u64 {
        self.map.run_pending_tasks();
        self.kept.load(Ordering::Relaxed).saturating_sub(self.map.entry_count())
    }

    fn weight(&self) -> u64 {
        self.map.run_pending_tasks();
        self.map.weighted_size()
    }

    #[cfg(test)]
    fn held(&self) -> u64 {
        self.map.iter().map(|(_, entry)| u64::from(self.weigh.of(&entry))).sum()
    }
}
