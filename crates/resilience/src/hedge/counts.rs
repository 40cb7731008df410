use crate::counter::Counter;

/// Touched only by calls that were copied, or would have been.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) hedged: Counter,
    pub(super) copies: Counter,
    pub(super) won_by_call: Counter,
    pub(super) won_by_copy: Counter,
    pub(super) failed: Counter,
    pub(super) refused: Counter,
    pub(super) would_hedge: Counter,
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
            hedged: self.hedged.get(),
            copies: self.copies.get(),
            won_by_call: self.won_by_call.get(),
            won_by_copy: self.won_by_copy.get(),
            failed: self.failed.get(),
            refused: self.refused.get(),
            would_hedge: self.would_hedge.get(),
        }
    }
}
