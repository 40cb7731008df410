use super::LabelSnapshot;
use std::time::Duration;

/// A bulkhead's counts at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkheadSnapshot {
    /// Calls that may run at once.
    pub limit: usize,
    /// Calls running now; above the limit in shadow mode, and after the limit was lowered until enough have ended.
    pub running: usize,
    /// Calls waiting now.
    pub queued: usize,
    /// How long the one who has waited longest has waited; 0 where nobody waits.
    pub longest_wait: Duration,
    /// Calls turned away since it was made, for whatever reason.
    pub rejected: u64,
    /// Calls let in since it was made that would have been turned away but for shadow mode.
    pub would_reject: u64,
    /// The counts under each label, in the order of their first coming.
    pub labels: Vec<LabelSnapshot>,
}
