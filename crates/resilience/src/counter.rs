use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A count of what has happened. It orders nothing: whoever reads it sees a number that was right a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn increment(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
