use std::sync::atomic::{AtomicU64, Ordering};

/// What was injected since the policy was made. Touched only while enabled.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) drawn: AtomicU64,
    pub(super) delays: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) faults: AtomicU64,
    pub(super) outcomes: AtomicU64,
    pub(super) would_disturb: AtomicU64,
}

/// What was injected since the policy was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChaosStats {
    /// Calls that were aimed at while enabled.
    pub drawn: u64,
    /// Calls delayed.
    pub delays: u64,
    /// Calls that panicked.
    pub panics: u64,
    /// Calls that failed.
    pub faults: u64,
    /// Calls that answered without running.
    pub outcomes: u64,
    /// Calls that would have been disturbed but for shadow mode.
    pub would_disturb: u64,
}

impl Counts {
    pub(super) fn stats(&self) -> ChaosStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ChaosStats {
            drawn: read(&self.drawn),
            delays: read(&self.delays),
            panics: read(&self.panics),
            faults: read(&self.faults),
            outcomes: read(&self.outcomes),
            would_disturb: read(&self.would_disturb),
        }
    }
}
