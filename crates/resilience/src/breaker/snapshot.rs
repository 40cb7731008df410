use super::{State, Tally};

/// A breaker's state and counts at one moment; the counts are since it was made.
///
/// Plain successes are counted only where there is a window: a closed breaker without one writes nothing for them. An
/// [`Observer`](crate::telemetry::Observer) hears of every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// Whether calls pass.
    pub state: State,
    /// Times it opened.
    pub trips: u64,
    /// Calls it turned away.
    pub rejected: u64,
    /// Calls it would have turned away, were it not in shadow mode.
    pub would_reject: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls that were slow, failed or not; counted where `slow_call_rate` is set.
    pub slow: u64,
    /// Calls whose outcome said nothing.
    pub ignored: u64,
    /// Calls that were dropped in flight, whatever they counted as.
    pub abandoned: u64,
    /// Results that came from an earlier state and moved nothing.
    pub stale: u64,
    /// What is in the window now; `None` where there is none.
    pub window: Option<Tally>,
}
