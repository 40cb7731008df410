use crate::{StoppedBy, Verdict, breaker::State};
use std::time::Duration;

/// Something that happened in a policy.
///
/// Small and `Copy`: an observer that wants to keep one keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A call that the policy let through ended, and this is what it meant to the policy. A policy that does not judge
    /// says [`Verdict::Success`] of every answer, whatever it was.
    Ended(Verdict),
    /// A call through a named pipeline that had to be waited for took so long, from when it first had to wait.
    Took(Duration),
    /// A call was turned away.
    Rejected,
    /// A call would have been turned away, were the policy not in shadow mode.
    WouldReject,
    /// In shadow mode: it would have tried again, started a copy or fallen back.
    WouldAct,
    /// A call began to wait: for a place, for its turn.
    Queued,
    /// A call that waited got its turn.
    Waited(Duration),
    /// No answer came within this limit; in shadow mode the call went on.
    TimedOut(Duration),
    /// A call took longer than the threshold for slow calls.
    Slow(Duration),
    /// A failed attempt will be followed by another.
    Retrying {
        /// Attempts made so far.
        attempts: u32,
        /// The pause before the next.
        pause: Duration,
    },
    /// A call succeeded that had failed at first.
    Recovered {
        /// Attempts made.
        attempts: u32,
    },
    /// The last attempt failed.
    GaveUp {
        /// Attempts made.
        attempts: u32,
        /// What ended the series.
        stopped_by: StoppedBy,
    },
    /// The budget of retries and hedges refused one.
    BudgetSpent,
    /// A breaker went from one state to another.
    Transition {
        /// The state it left.
        from: State,
        /// The state it is in.
        to: State,
    },
    /// A result came from an earlier state of a breaker and moved nothing.
    Stale(Verdict),
    /// Another copy of a slow call was started; the first copy beside the original is 1.
    Hedged(u32),
    /// A copy of a call answered first; 0 is the original.
    HedgeWon(u32),
    /// A fallback answered.
    FellBack,
    /// An adaptive limit moved.
    LimitChanged {
        /// The limit before.
        from: u32,
        /// The limit now.
        to: u32,
    },
    /// A fault was injected.
    Injected,
    /// An endpoint was taken out of its set.
    Ejected,
    /// An endpoint was taken back into its set.
    Readmitted,
}
