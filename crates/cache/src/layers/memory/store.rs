use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::store_key::{Lookup, StoreKey};
use crate::entry::Entry;
use crate::options::MemoryConfig;

/// The memory layer's map, but for its hit. It may forget at any time and knows no deadlines: entries carry their own.
pub(super) trait Store: Send + Sync + fmt::Debug {
    /// No hit to the store's policy.
    fn has(&self, at: &Lookup<'_>) -> bool;
    /// All of it, off the hot path, perhaps under a lock that others wait for; no hit to the store's policy.
    fn entry(&self, at: &Lookup<'_>) -> Option<Arc<Entry>>;
    /// The entry was found alive: the next hit may know.
    fn note(&self, at: &Lookup<'_>, entry: &Arc<Entry>);
    /// Called under a stripe's lock; hands out what it displaced, to be dropped after it.
    fn insert(&self, key: StoreKey, entry: Arc<Entry>) -> Vec<Arc<Entry>>;
    fn remove(&self, at: &Lookup<'_>) -> Option<Arc<Entry>>;
    /// Some of what is there, each as likely as another, in one pass that holds no more than it answers; no hit to the
    /// store's policy.
    fn sample(&self, at_most: usize) -> Vec<(StoreKey, Arc<Entry>)>;
    fn clear(&self);
    /// Does what it has put off: entries that are to give way are gone then.
    fn settle(&self);
    fn len(&self) -> u64;
    /// Of what is there at this moment, whatever was put off.
    fn weight(&self) -> u64;
    /// The same, entry by entry: exact while nobody writes.
    #[cfg(test)]
    fn counted(&self) -> u64;
}

/// One an entry, or what its region's weigher said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weigh {
    Count,
    Weight,
}

impl Weigh {
    pub(super) fn by(config: &MemoryConfig) -> Self {
        if config.max_weight.is_some() { Self::Weight } else { Self::Count }
    }

    /// Nothing weighs nothing: it would be pinned.
    pub(super) fn of(self, entry: &Entry) -> u32 {
        match self {
            Self::Count => 1,
            Self::Weight => entry.weight.max(1),
        }
    }
}

/// The finishing variant costs 1 ns more than `fast`, which in one process of a hundred puts most of the keys 0 to 500 into
/// one shard of eight, and then costs points of hit rate.
pub(super) type Hashing = foldhash::quality::RandomState;

/// What a hit needs of an [`Entry`], copied out under the store's lock: one `Arc` is cloned, the one that the caller gets.
#[derive(Debug)]
pub(crate) struct Glance {
    pub(crate) value: Arc<dyn Any + Send + Sync>,
    pub(crate) plain_until: u64,
    pub(crate) sure_until: u64,
    pub(crate) checked: AtomicU64,
    pub(crate) created_ms: u64,
    pub(crate) region: u32,
    /// As memory counts it.
    pub(crate) weight: u32,
}

impl Glance {
    #[inline]
    pub(super) fn at(entry: &Entry, weigh: Weigh) -> Self {
        Self {
            value: entry.value.clone(),
            plain_until: entry.plain_until(),
            sure_until: entry.sure_until,
            checked: AtomicU64::new(entry.checked.load(Ordering::Relaxed)),
            created_ms: entry.created_ms,
            region: entry.region,
            weight: weigh.of(entry),
        }
    }
}

impl Clone for Glance {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            plain_until: self.plain_until,
            sure_until: self.sure_until,
            checked: AtomicU64::new(self.checked.load(Ordering::Relaxed)),
            created_ms: self.created_ms,
            region: self.region,
            weight: self.weight,
        }
    }
}
