use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Touched only by calls that were copied, or would have been.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) hedged: AtomicU64,
    pub(super) copies: AtomicU64,
    pub(super) won_by_call: AtomicU64,
    pub(super) won_by_copy: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) would_hedge: AtomicU64,
}

/// What hedging has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgeStats {
    /// Calls of which at least one copy was started.
    pub hedged: u64,
    /// Copies started.
    pub copies: u64,
    /// Copied calls that the original answered first: the copies were in vain.
    pub won_by_call: u64,
    /// Copied calls that a copy answered first.
    pub won_by_copy: u64,
    /// Copied calls of which the original and every copy failed.
    pub failed: u64,
    /// Copies that the budget refused.
    pub refused: u64,
    /// Calls of which a copy would have been started, were it not in shadow mode.
    pub would_hedge: u64,
}

impl Counts {
    pub(super) fn read(&self) -> HedgeStats {
        HedgeStats {
            hedged: self.hedged.load(Relaxed),
            copies: self.copies.load(Relaxed),
            won_by_call: self.won_by_call.load(Relaxed),
            won_by_copy: self.won_by_copy.load(Relaxed),
            failed: self.failed.load(Relaxed),
            refused: self.refused.load(Relaxed),
            would_hedge: self.would_hedge.load(Relaxed),
        }
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
