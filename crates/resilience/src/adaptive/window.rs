use super::mean;
use std::time::Duration;
use tokio::time::Instant;

/// Shorter latencies are taken for this one: below it the clock is measured and not the callee.
const SHORTEST: f64 = 1e-6;

/// Calls in a hundred that may tell of overload before it is believed: among many calls one is always unlucky.
const BELIEVED: f64 = 0.01;

/// A window that has not filled after so many times its length is thrown away: a low rate may consist of health checks
/// alone, whose latency says nothing of the others' (concurrency-limits PR#125).
const STALE_AFTER: u32 = 10;

/// What one call said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) latency: Duration,
    /// Calls that ran when it started, itself included (concurrency-limits#213: at the start, not the end).
    pub(super) running: usize,
    pub(super) is_overload: bool,
}

/// What the calls said that ended since the window was opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    opened: Instant,
    calls: u32,
    seconds: f64,
    overloads: u32,
    peak: usize,
}

/// Whether a window can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    NotYet,
    Enough,
    TooLate,
}

/// What a window comes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    /// Calls whose latency was taken.
    pub(super) calls: f64,
    /// Their mean latency in seconds.
    pub(super) latency: Option<f64>,
    /// Latency as a multiple of that without load, where that is known.
    pub(super) congestion: Option<f64>,
    /// Enough calls told of overload.
    pub(super) is_overload: bool,
    /// Calls used the limit up, or nearly. Where they do not, the application limits itself, and that calls went well
    /// says nothing for more of them.
    pub(super) is_pressed: bool,
}

impl Evidence {
    /// How far its latency may be off by chance, as a share of it.
    pub(super) fn noise(&self) -> f64 {
        mean::noise(self.calls)
    }
}

impl Window {
    pub(super) fn open(now: Instant) -> Self {
        Self { opened: now, calls: 0, seconds: 0.0, overloads: 0, peak: 0 }
    }

    pub(super) fn add(&mut self, sample: Sample) {
        self.peak = self.peak.max(sample.running);
        if sample.is_overload {
            self.overloads = self.overloads.saturating_add(1);
        } else {
            self.calls = self.calls.saturating_add(1);
            self.seconds += sample.latency.as_secs_f64().max(SHORTEST);
        }
    }

    pub(super) fn filled(&self, length: Duration, min_samples: u32, now: Instant) -> Filled {
        let age = now.saturating_duration_since(self.opened);
        if age >= length && self.calls.saturating_add(self.overloads) >= min_samples {
            Filled::Enough
        } else if age < length.saturating_mul(STALE_AFTER) {
            Filled::NotYet
        } else if self.tells_of_overload() {
            // Where every call times out, few end in any time: that is no reason to disbelieve them.
            Filled::Enough
        } else {
            Filled::TooLate
        }
    }

    fn tells_of_overload(&self) -> bool {
        let all = f64::from(self.calls) + f64::from(self.overloads);
        self.overloads > 0 && f64::from(self.overloads) > all * BELIEVED
    }

    /// What it comes to under a limit that let `enforced` calls run.
    pub(super) fn evidence(&self, enforced: usize) -> Evidence {
        let calls = f64::from(self.calls);
        Evidence {
            calls,
            latency: (self.calls > 0).then(|| self.seconds / calls),
            congestion: None,
            is_overload: self.tells_of_overload(),
            is_pressed: self.peak * 10 >= enforced * 9,
        }
    }
}
