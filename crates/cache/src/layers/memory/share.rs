use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::counter::Counter;

/// What one region has of memory, and what it lost there to others.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// Of all its entries that are in the store, or about to be put there.
    weight: AtomicU64,
    evictions: Counter,
}

/// The regions' shares, by the regions' numbers. The lock is held for a look alone: a store may tell of an eviction
/// whenever it likes.
#[derive(Debug, Default)]
pub(super) struct Shares(RwLock<Vec<Arc<Share>>>);

impl Share {
    pub(crate) fn weight(&self) -> u64 {
        self.weight.load(Ordering::Relaxed)
    }

    pub(crate) fn evictions(&self) -> u64 {
        self.evictions.get()
    }
}

impl Shares {
    /// Of the region whose number is next.
    pub(super) fn add(&self) {
        self.0.write().push(Arc::default());
    }

    pub(super) fn of(&self, region: u32) -> Option<Arc<Share>> {
        self.0.read().get(region as usize).cloned()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.0.read().iter().map(|share| share.evictions()).sum()
    }

    /// Said before the store has it, so that what leaves at once leaves after it came.
    pub(super) fn came(&self, region: u32, weight: u64) {
        self.with(region, |share| {
            share.weight.fetch_add(weight, Ordering::Relaxed);
        });
    }

    /// It was replaced, taken out, or not kept for its own sake.
    pub(super) fn left(&self, region: u32, weight: u64) {
        self.with(region, |share| {
            share.weight.fetch_sub(weight, Ordering::Relaxed);
        });
    }

    /// It gave way to others.
    pub(super) fn evicted(&self, region: u32, weight: u64) {
        self.with(region, |share| {
            share.weight.fetch_sub(weight, Ordering::Relaxed);
            share.evictions.add(1);
        });
    }

    fn with(&self, region: u32, change: impl FnOnce(&Share)) {
        if let Some(share) = self.0.read().get(region as usize) {
            change(share);
        }
    }
}
