/// A mean of latencies, and how far it may be off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    calls: f64,
    seconds: f64,
    /// Of single latencies, in seconds squared.
    variance: f64,
}

/// Calls after which older ones fade.
const MEMORY: f64 = 1_000.0;

/// Standard errors beyond which a difference is no chance.
const SIGNIFICANT: f64 = 3.0;

/// A difference below this share is none: timers and clocks are not finer.
const NEGLIGIBLE: f64 = 0.02;

impl Mean {
    /// Takes in one more latency.
    pub(super) fn add(&mut self, seconds: f64) {
        // Welford's way: no difference of two large sums.
        self.calls += 1.0;
        let before = seconds - self.seconds;
        self.seconds += before / self.calls;
        self.variance += (before * (seconds - self.seconds) - self.variance) / self.calls;
    }

    pub(super) fn calls(&self) -> f64 {
        self.calls
    }

    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The standard error, as a share of the mean.
    pub(super) fn error(&self) -> f64 {
        (self.variance / self.calls.max(1.0)).sqrt() / self.seconds
    }

    /// Whether it is further from so many seconds than chance would have it.
    pub(super) fn is_far_from(&self, seconds: f64) -> bool {
        (self.seconds - seconds).abs() > SIGNIFICANT * self.error() * self.seconds
    }

    /// Whether `other` differs from this by more than chance.
    ///
    /// Both are taken to scatter as the one does that scatters more: of few calls those that happen to be short also
    /// happen to be alike.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let scatter = |mean: &Self| mean.variance / (mean.seconds * mean.seconds);
        let error = |mean: &Self| mean.seconds * mean.seconds / mean.calls.max(1.0);
        let chance = (scatter(self).max(scatter(other)) * (error(self) + error(other))).sqrt();
        (other.seconds - self.seconds).abs() > SIGNIFICANT * chance + NEGLIGIBLE * self.seconds
    }

    /// Takes in the calls of `other`, or starts anew from them after a change too large to be chance.
    pub(super) fn learn(&mut self, other: &Self) {
        if self.differs(other) {
            *self = *other;
            return;
        }
        self.calls = (self.calls + other.calls).min(MEMORY);
        let weight = (other.calls / self.calls).min(1.0);
        self.seconds += (other.seconds - self.seconds) * weight;
        self.variance += (other.variance - self.variance) * weight;
    }
}
