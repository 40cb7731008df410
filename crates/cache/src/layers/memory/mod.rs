mod moka;
mod quick;

use std::fmt;
use std::sync::Arc;

use crate::entry::Entry;
use crate::options::{MemoryConfig, MemoryKind};

/// The memory layer's map. It may forget at any time and knows no deadlines: entries carry their own.
pub(crate) trait MemoryStore: Send + Sync + fmt::Debug {
    fn get(&self, key: &str) -> Option<Arc<Entry>>;
    /// Called under a stripe's lock; hands out what it displaced, to be dropped after it.
    fn insert(&self, key: Arc<str>, entry: Arc<Entry>) -> Vec<Arc<Entry>>;
    fn remove(&self, key: &str) -> Option<Arc<Entry>>;
    fn clear(&self);
    fn len(&self) -> u64;
}

pub(crate) fn open(config: &MemoryConfig) -> Box<dyn MemoryStore> {
    match config.kind {
        MemoryKind::QuickCache => Box::new(quick::Quick::new(config.capacity)),
        MemoryKind::Moka => Box::new(moka::Moka::new(config.capacity)),
    }
}
