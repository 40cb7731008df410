use std::sync::atomic::{AtomicU64, Ordering};

/// Until when memory may be believed without hearing from the keeper again: a time, so that a node that stood still serves
/// nothing old when it goes on.
#[derive(Debug)]
pub(crate) struct Trust(AtomicU64);

impl Trust {
    /// For ever: there is nobody to hear from.
    pub(crate) fn unbounded() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    pub(crate) fn none() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn until(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn extend(&self, until: u64) {
        self.0.store(until, Ordering::SeqCst);
    }

    pub(crate) fn revoke(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}
