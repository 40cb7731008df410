//! What is remembered of past calls, where a rate decides: the last so many, or the last so long.
//!
//! Both kinds are lock-free, take the same short time for every call, and use memory that their size bounds. What they
//! hold belongs to one epoch of the breaker: the first record of a new one makes them forget the rest.

mod count;
mod tally;
mod time;

use super::word::Epoch;
pub(super) use count::CountWindow;
pub use tally::Tally;
pub(super) use time::TimeWindow;

/// A window of one kind or the other.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one a breaker, and it never moves")]
pub(super) enum Window {
    Count(CountWindow),
    Time(TimeWindow),
}

impl Window {
    /// Adds a call and answers what the window then holds; `None` if the window has moved on to a later epoch.
    pub(super) fn record(
        &self,
        epoch: Epoch,
        failed: bool,
        slow: bool,
        now: impl FnOnce() -> u64,
    ) -> Option<Tally> {
        match self {
            Self::Count(window) => window.record(epoch, failed, slow),
            Self::Time(window) => window.record(epoch, failed, slow, now()),
        }
    }

    /// What it holds of `epoch`.
    pub(super) fn tally(&self, epoch: Epoch, now: impl FnOnce() -> u64) -> Tally {
        match self {
            Self::Count(window) => window.tally(epoch),
            Self::Time(window) => window.tally(epoch, now()),
        }
    }
}
