use crate::counter::Counter;

/// Touched only by calls that failed at least once.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) retried: Counter,
    pub(super) extra_attempts: Counter,
    pub(super) recovered: Counter,
    pub(super) exhausted: Counter,
    pub(super) refused: Counter,
    pub(super) timed_out: Counter,
    pub(super) would_retry: Counter,
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
            retried: self.retried.get(),
            extra_attempts: self.extra_attempts.get(),
            recovered: self.recovered.get(),
            exhausted: self.exhausted.get(),
            refused: self.refused.get(),
            timed_out: self.timed_out.get(),
            would_retry: self.would_retry.get(),
        }
    }
}
