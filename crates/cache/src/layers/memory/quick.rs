use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, UnitWeighter};

use super::MemoryStore;
use crate::entry::Entry;

type Map = Cache<Arc<str>, Arc<Entry>, UnitWeighter, foldhash::fast::RandomState, HandOut>;

/// `quick_cache`: an S3-FIFO relative; a hit is a shard's read lock and a flag.
pub(super) struct Quick(Map);

/// Collects what an insert evicts instead of dropping it under our lock.
#[derive(Debug, Clone)]
pub(super) struct HandOut;

impl Lifecycle<Arc<str>, Arc<Entry>> for HandOut {
    type RequestState = Vec<Arc<Entry>>;

    fn on_evict(&self, evicted: &mut Self::RequestState, _key: Arc<str>, entry: Arc<Entry>) {
        evicted.push(entry);
    }
}

impl Quick {
    pub(super) fn new(capacity: usize) -> Self {
        let weight = u64::try_from(capacity).unwrap_or(u64::MAX);
        Self(Cache::with(capacity, weight, UnitWeighter, foldhash::fast::RandomState::default(), HandOut))
    }
}

impl MemoryStore for Quick {
    fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    fn insert(&self, key: Arc<str>, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        // A replaced entry is not reported as evicted: holding a clone moves its drop to the caller.
        let mut displaced = Vec::from_iter(self.0.peek(&*key));
        self.0.insert_with_lifecycle(key, entry, &mut displaced);
        displaced
    }

    fn remove(&self, key: &str) -> Option<Arc<Entry>> {
        self.0.remove(key).map(|(_, entry)| entry)
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn len(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Quick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quick").field("len", &self.0.len()).finish()
    }
}
