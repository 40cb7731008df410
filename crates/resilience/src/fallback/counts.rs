use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Touched only by calls that failed.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) answered: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) passed: AtomicU64,
    pub(super) would_answer: AtomicU64,
}

/// What falling back has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FallbackStats {
    /// Failed calls that it answered.
    pub answered: u64,
    /// Failed calls in which the operation that stood in failed, too.
    pub failed: u64,
    /// Errors that it left as they were, since its classifier calls them no failure.
    pub passed: u64,
    /// Failed calls that it would have answered, were it not in shadow mode.
    pub would_answer: u64,
}

impl Counts {
    pub(super) fn read(&self) -> FallbackStats {
        FallbackStats {
            answered: self.answered.load(Relaxed),
            failed: self.failed.load(Relaxed),
            passed: self.passed.load(Relaxed),
            would_answer: self.would_answer.load(Relaxed),
        }
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
