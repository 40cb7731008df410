use std::sync::Arc;

use moka::sync::Cache;

use super::MemoryStore;
use crate::entry::Entry;

/// `moka`'s sync cache as a plain map: W-TinyLFU, no time to live of its own, and never its `get_with`, which keeps a value
/// that was invalidated while its init ran.
#[derive(Debug)]
pub(super) struct Moka(Cache<Arc<str>, Arc<Entry>, foldhash::fast::RandomState>);

impl Moka {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = u64::try_from(capacity).unwrap_or(u64::MAX);
        let map = Cache::builder().max_capacity(capacity);
        Self(map.build_with_hasher(foldhash::fast::RandomState::default()))
    }
}

impl MemoryStore for Moka {
    fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    /// Hands out nothing: moka keeps the displaced to itself and drops them in its own maintenance.
    fn insert(&self, key: Arc<str>, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        self.0.insert(key, entry);
        Vec::new()
    }

    fn remove(&self, key: &str) -> Option<Arc<Entry>> {
        self.0.remove(key)
    }

    /// One by one, since `invalidate_all` spares what is inserted within the same instant (moka-rs/moka#155).
    fn clear(&self) {
        for (key, _) in &self.0 {
            self.0.invalidate(key.as_ref());
        }
    }

    fn len(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}
