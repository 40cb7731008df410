use super::{Cause, Latency, call_log::Calls, usage::Work};
use std::{collections::BTreeMap, time::Duration};

/// What became of the calls of some stretch of time, and what the server did meanwhile.
///
/// Calls are counted where they *came*, whenever they ended; what the server did is counted when it did it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Figures {
    /// Calls that came.
    pub offered: u64,
    /// Those that succeeded before their caller lost patience.
    pub succeeded: u64,
    /// Their share; 1 where no call came.
    pub goodput: f64,
    /// The others, by cause.
    pub errors: BTreeMap<Cause, u64>,
    /// How long the successful ones took.
    pub latency: Latency,
    /// Requests that reached the server, those it turned away included.
    pub attempts: u64,
    /// Requests a call; 0 where no call came.
    pub amplification: f64,
    /// The share of the workers' time that they worked.
    pub utilisation: f64,
    /// The share of their work that they did for callers who had already gone.
    pub wasted: f64,
    /// Requests at the server, in the mean over time: at work, queued and hanging.
    pub in_flight: f64,
    /// How long requests waited for a worker, in the mean over those that a worker took up.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub wait: Duration,
}

impl Figures {
    pub(super) fn new(calls: Calls, work: &Work, time: Duration) -> Self {
        Self {
            offered: calls.offered,
            succeeded: calls.succeeded,
            goodput: share(calls.succeeded, calls.offered).unwrap_or(1.0),
            errors: calls.errors,
            latency: Latency::of(calls.latencies),
            attempts: work.attempts,
            amplification: share(work.attempts, calls.offered).unwrap_or(0.0),
            utilisation: share(work.busy, work.capacity).unwrap_or(0.0),
            wasted: share(work.wasted, work.busy).unwrap_or(0.0),
            in_flight: work.present as f64 / time.as_nanos() as f64,
            wait: Duration::from_nanos(work.waited.checked_div(work.started).unwrap_or(0)),
        }
    }

    /// The share of calls that were no success; 0 where no call came.
    pub fn error_rate(&self) -> f64 {
        1.0 - self.goodput
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
