use std::time::Duration;

/// An adaptive limit at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdaptiveSnapshot {
    /// Calls that may run at once; lower for the moment while the latency without load is measured.
    pub limit: usize,
    /// Calls running now.
    pub running: usize,
    /// Calls waiting now.
    pub queued: usize,
    /// How long the one who has waited longest has waited; 0 where nobody waits.
    pub longest_wait: Duration,
    /// Mean latency in the last window; `None` before the first.
    pub latency: Option<Duration>,
    /// Latency without load, as it was measured; `None` before it was, and where the algorithm needs none.
    pub baseline: Option<Duration>,
    /// Calls turned away since it was made.
    pub rejected: u64,
    /// Calls let in since it was made that would have been turned away but for shadow mode.
    pub would_reject: u64,
}
