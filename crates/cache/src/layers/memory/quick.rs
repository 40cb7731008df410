use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::sample::reservoir;
use super::share::Shares;
use super::store::{Glance, Hashing, Store, Weigh};
use super::store_key::{Lookup, StoreKey};
use crate::entry::Entry;
use crate::options::MemoryConfig;

type Map = Cache<StoreKey, Held, Heft, Hashing, HandOut>;

/// `quick_cache`: an S3-FIFO relative; a hit is a shard's read lock and a flag.
pub(super) struct Quick {
    pub(super) map: Map,
    weigh: Weigh,
    shares: Arc<Shares>,
}

/// The store clones what it hands out, and a clone is only the glance.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) glance: Glance,
    entry: Option<Arc<Entry>>,
}

impl Clone for Held {
    #[inline]
    fn clone(&self) -> Self {
        Self { glance: self.glance.clone(), entry: None }
    }
}

/// Said by the glance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heft;

impl Weighter<StoreKey, Held> for Heft {
    fn weight(&self, _key: &StoreKey, held: &Held) -> u64 {
        u64::from(held.glance.weight)
    }
}

/// What one insert displaced.
#[derive(Debug, Default)]
pub(super) struct Displaced {
    /// The key inserted: its own old entry was replaced, not evicted, and so was a new one that is too heavy to be kept.
    by: Option<StoreKey>,
    entries: Vec<Arc<Entry>>,
}

/// Collects what an insert evicts or replaces instead of dropping it under our lock.
#[derive(Debug, Clone)]
pub(super) struct HandOut(Arc<Shares>);

impl Lifecycle<StoreKey, Held> for HandOut {
    type RequestState = Displaced;

    fn on_evict(&self, displaced: &mut Self::RequestState, key: StoreKey, held: Held) {
        let Glance { region, weight, .. } = held.glance;
        if displaced.by.as_ref() == Some(&key) {
            self.0.left(region, weight.into());
        } else {
            self.0.evicted(region, weight.into());
        }
        displaced.entries.extend(held.entry);
    }
}

/// A shard takes nothing heavier than itself, so where weights differ there are few.
const SHARDS_BY_WEIGHT: usize = 8;

impl Quick {
    pub(super) fn new(config: &MemoryConfig, shares: Arc<Shares>) -> Self {
        let mut options = OptionsBuilder::new();
        let count = u64::try_from(config.capacity).unwrap_or(u64::MAX);
        options.estimated_items_capacity(config.capacity).weight_capacity(config.max_weight.unwrap_or(count));
        if config.max_weight.is_some() {
            options.shards(SHARDS_BY_WEIGHT);
        }
        let options = options.build().expect("both capacities are given");
        let map = Cache::with_options(options, Heft, Hashing::default(), HandOut(shares.clone()));
        Self { map, weigh: Weigh::by(config), shares }
    }

    /// The store lends a value to a predicate of removal; this one removes nothing.
    fn look(&self, at: &Lookup<'_>, look: impl FnOnce(&Held)) {
        let removed = self.map.remove_if(at, |held| {
            look(held);
            false
        });
        debug_assert!(removed.is_none(), "the predicate says no");
    }
}

impl Store for Quick {
    fn has(&self, at: &Lookup<'_>) -> bool {
        self.map.contains_key(at)
    }

    fn entry(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        let mut found = None;
        self.look(at, |held| found.clone_from(&held.entry));
        found
    }

    fn note(&self, at: &Lookup<'_>, entry: &Arc<Entry>) {
        self.look(at, |held| {
            if held.entry.as_ref().is_some_and(|own| Arc::ptr_eq(own, entry)) {
                held.glance.checked.store(entry.checked.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        });
    }

    fn insert(&self, key: StoreKey, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        let mut displaced = Displaced { by: Some(key.clone()), ..Displaced::default() };
        let held = Held { glance: Glance::at(&entry, self.weigh), entry: Some(entry) };
        self.shares.came(held.glance.region, held.glance.weight.into());
        self.map.insert_with_lifecycle(key, held, &mut displaced);
        displaced.entries
    }

    fn remove(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        let (_, held) = self.map.remove(at)?;
        self.shares.left(held.glance.region, held.glance.weight.into());
        held.entry
    }

    /// What the store iterates over are clones, which are only glances: the entries of those chosen are looked up.
    fn sample(&self, at_most: usize) -> Vec<(StoreKey, Arc<Entry>)> {
        let chosen = reservoir(self.map.iter().map(|(key, _)| key), at_most);
        chosen.into_iter().filter_map(|key| Some((key.clone(), self.entry(&key.lookup())?))).collect()
    }

    fn clear(&self) {
        for (_, held) in self.map.drain() {
            self.shares.left(held.glance.region, held.glance.weight.into());
        }
    }

    fn settle(&self) {}

    fn len(&self) -> u64 {
        u64::try_from(self.map.len()).unwrap_or(u64::MAX)
    }

    fn weight(&self) -> u64 {
        self.map.weight()
    }

    #[cfg(test)]
    fn counted(&self) -> u64 {
        self.map.iter().map(|(_, held)| u64::from(held.glance.weight)).sum()
    }
}

impl fmt::Debug for Quick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quick").field("len", &self.map.len()).finish()
    }
}
