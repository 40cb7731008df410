use super::mean::Mean;
use std::time::Duration;
use tokio::time::Instant;

/// Shorter latencies are taken for this one: below it the clock is measured and not the callee.
const SHORTEST: f64 = 1e-6;

/// A latency that is off by no more than this share decides.
pub(super) const DECISIVE: f64 = 0.06;

/// Calls that may tell of overload before it is believed, as a share: among many calls one is always unlucky.
const BELIEVED: f64 = 0.01;

/// A single call that tells of it is believed if it is at least this share.
const BELIEVED_ALONE: f64 = 0.1;

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
    latency: Mean,
    overloads: f64,
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
    /// What the calls took that ended well.
    pub(super) latency: Mean,
    /// Latency as a multiple of that without load, where that is known.
    pub(super) congestion: Option<f64>,
    /// Enough calls told of overload.
    pub(super) is_overload: bool,
    /// Calls used the limit up, or nearly. Where they do not, the application limits itself, and that calls went well
    /// says nothing for more of them.
    pub(super) is_pressed: bool,
}

impl Window {
    pub(super) fn open(now: Instant) -> Self {
        Self { opened: now, latency: Mean::default(), overloads: 0.0, peak: 0 }
    }

    pub(super) fn add(&mut self, sample: Sample) {
        self.peak = self.peak.max(sample.running);
        if sample.is_overload {
            self.overloads += 1.0;
        } else {
            self.latency.add(sample.latency.as_secs_f64().max(SHORTEST));
        }
    }

    /// Whether it can be judged, if it is to be at least so long and hold so many calls. While its latency may be off by
    /// more than `error`, as a share, it stays open until it is stale; unless that latency is so far from `pivot`, on
    /// which the decision turns, that this is no matter.
    pub(super) fn filled(
        &self,
        length: Duration,
        min_samples: u32,
        error: f64,
        pivot: f64,
        now: Instant,
    ) -> Filled {
        let age = now.saturating_duration_since(self.opened);
        let enough = self.latency.calls() + self.overloads >= f64::from(min_samples);
        let is_stale = age >= length.saturating_mul(STALE_AFTER);
        let is_sure = || self.latency.error() <= error || self.latency.is_far_from(pivot);
        if enough && age >= length && (is_stale || self.tells_of_overload() || is_sure()) {
            Filled::Enough
        } else if !is_stale {
            Filled::NotYet
        } else if self.tells_of_overload() {
            // Where every call times out, few end in any time: that is no reason to disbelieve them.
            Filled::Enough
        } else {
            Filled::TooLate
        }
    }

    fn tells_of_overload(&self) -> bool {
        let share = self.overloads / (self.latency.calls() + self.overloads);
        share > BELIEVED && (self.overloads > 1.0 || share >= BELIEVED_ALONE)
    }

    /// What it comes to under a limit that let `enforced` calls run.
    pub(super) fn evidence(&self, enforced: usize) -> Evidence {
        Evidence {
            latency: self.latency,
            congestion: None,
            is_overload: self.tells_of_overload(),
            is_pressed: self.peak * 10 >= enforced * 9,
        }
    }
}
