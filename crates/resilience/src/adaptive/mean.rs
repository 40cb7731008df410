/// A mean of latencies over the last so many calls, that starts anew after a change too large to be chance.
///
/// Chance is judged as if service times were exponential, whose deviation equals their mean: few are wilder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mean {
    seconds: f64,
    calls: f64,
}

/// Calls after which older ones fade.
const MEMORY: f64 = 2_000.0;

/// Standard errors beyond which a difference is no chance.
const SIGNIFICANT: f64 = 3.0;

/// How far a mean of `calls` may be off by chance, as a share of it.
pub(super) fn noise(calls: f64) -> f64 {
    SIGNIFICANT / calls.max(1.0).sqrt()
}

impl Mean {
    pub(super) fn of(seconds: f64, calls: f64) -> Self {
        Self { seconds, calls }
    }

    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Whether a mean of `calls` differs from this one by more than chance: by the share it differs, or `None`.
    pub(super) fn difference(&self, seconds: f64, calls: f64) -> Option<f64> {
        let share = seconds / self.seconds - 1.0;
        let chance = SIGNIFICANT * (1.0 / calls.max(1.0) + 1.0 / self.calls.max(1.0)).sqrt();
        (share.abs() > chance).then_some(share)
    }

    /// Takes in the mean of `calls` further ones.
    pub(super) fn learn(&mut self, seconds: f64, calls: f64) {
        if self.difference(seconds, calls).is_some() {
            *self = Self::of(seconds, calls);
            return;
        }
        self.calls = (self.calls + calls).min(MEMORY);
        self.seconds += (seconds - self.seconds) * (calls / self.calls).min(1.0);
    }
}
