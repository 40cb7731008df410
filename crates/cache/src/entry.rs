use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// A value as the memory layer keeps it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) value: Arc<dyn Any + Send + Sync>,
    pub(crate) region: u32,
    /// The namespace clock, read before the load of this value began.
    pub(crate) born: u64,
    pub(crate) created_ms: u64,
    pub(crate) expires_ms: u64,
    /// Dead from then on, by [`Clock::now`](crate::clock::Clock::now).
    pub(crate) deadline: u64,
    /// What its region's weigher said; it counts where memory is bounded by weight.
    pub(crate) weight: u32,
    pub(crate) tags: Box<[u64]>,
    /// The stamp epoch this entry was last found alive in; 0 for never.
    pub(crate) checked: AtomicU64,
}

impl Entry {
    /// Until then a hit needs no more of the entry than its value, if no stamp came since.
    pub(crate) fn plain_until(&self) -> u64 {
        self.deadline
    }

    pub(crate) fn value<V: Send + Sync + 'static>(&self) -> Option<Arc<V>> {
        self.value.clone().downcast().ok()
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The memory of this process.
    L1,
    /// Redis.
    L2,
    /// The SQL layer.
    L3,
    /// The loader, run by this call or by the call this one waited for.
    Loader,
}

/// A value with its provenance.
#[derive(Debug)]
#[non_exhaustive]
pub struct Hit<V> {
    /// The value, shared with the cache.
    pub value: Arc<V>,
    /// The layer that had it.
    pub source: Source,
    /// Time since it was loaded or set, on any node.
    pub age: Duration,
}
