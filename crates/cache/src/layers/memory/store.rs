use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::store_key::{Lookup, StoreKey};
use crate::entry::Entry;

/// The memory layer's map. It may forget at any time and knows no deadlines: entries carry their own.
pub(super) trait Store: Send + Sync + fmt::Debug {
    /// What a hit needs, which is asked for as a hit is.
    fn get(&self, at: &Lookup<'_>) -> Option<Glance>;
    /// All of it, off the hot path; no hit to the store's policy.
    fn entry(&self, at: &Lookup<'_>) -> Option<Arc<Entry>>;
    /// The entry was found alive: the next hit may know.
    fn note(&self, at: &Lookup<'_>, entry: &Arc<Entry>);
    /// Called under a stripe's lock; hands out what it displaced, to be dropped after it.
    fn insert(&self, key: StoreKey, entry: Arc<Entry>) -> Vec<Arc<Entry>>;
    fn remove(&self, at: &Lookup<'_>) -> Option<Arc<Entry>>;
    fn clear(&self);
    fn len(&self) -> u64;
    fn weight(&self) -> u64;
    /// The weight of what is there at this moment, maintenance done or not.
    #[cfg(test)]
    fn held(&self) -> u64;
}

/// What a hit needs of an [`Entry`], copied out under the store's lock: one `Arc` is cloned, the one that the caller gets.
#[derive(Debug)]
pub(crate) struct Glance {
    pub(crate) value: Arc<dyn Any + Send + Sync>,
    pub(crate) plain_until: u64,
    pub(crate) checked: AtomicU64,
    pub(crate) region: u32,
}

impl Glance {
    pub(super) fn at(entry: &Entry) -> Self {
        Self {
            value: entry.value.clone(),
            plain_until: entry.plain_until(),
            checked: AtomicU64::new(entry.checked.load(Ordering::Relaxed)),
            region: entry.region,
        }
    }
}

impl Clone for Glance {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            plain_until: self.plain_until,
            checked: AtomicU64::new(self.checked.load(Ordering::Relaxed)),
            region: self.region,
        }
    }
}
