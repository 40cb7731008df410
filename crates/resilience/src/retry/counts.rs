use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Touched only by calls that failed at least once.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) retried: AtomicU64,
    pub(super) extra_attempts: AtomicU64,
    pub(super) recovered: AtomicU64,
    pub(super) exhausted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) would_retry: AtomicU64,
}

/// What retrying has come to so far. A call is counted once, however many attempts it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryStats {
    /// Calls that were tried again at least once.
    pub retried: u64,
    /// Attempts made beyond the first ones.
    pub extra_attempts: u64,
    /// Retried calls that ended in success.
    pub recovered: u64,
    /// Calls that failed for want of attempts, time or budget.
    pub exhausted: u64,
    /// Of these, calls that failed for want of budget.
    pub refused: u64,
    /// Attempts that took longer than `attempt_timeout`.
    pub timed_out: u64,
    /// Calls that would have been tried again, were it not in shadow mode.
    pub would_retry: u64,
}

impl Counts {
    pub(super) fn read(&self) -> RetryStats {
        RetryStats {
            retried: self.retried.load(Relaxed),
            extra_attempts: self.extra_attempts.load(Relaxed),
            recovered: self.recovered.load(Relaxed),
            exhausted: self.exhausted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            timed_out: self.timed_out.load(Relaxed),
            would_retry: self.would_retry.load(Relaxed),
        }
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
