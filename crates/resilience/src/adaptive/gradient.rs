use super::window::{DECISIVE, Evidence};

/// Windows in a row with hardly any congestion after which it goes all the way.
const PATIENCE: u32 = 3;

/// Smooths the limit and not the latency, which would lag behind the limit that caused it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gradient {
    /// Windows in a row with hardly any congestion.
    calm: u32,
}

impl Gradient {
    /// Towards the limit at which latency is `1 + tolerance` times that without load.
    ///
    /// Where calls queue at the callee, latency goes with the limit, so that limit is `limit × (1 + tolerance) /
    /// congestion`. Half the way is gone there, and less the less is certain.
    pub(super) fn next(&mut self, limit: f64, congestion: f64, tolerance: f64, evidence: &Evidence) -> f64 {
        let goal = limit * (1.0 + tolerance) / congestion;
        let trust = (DECISIVE / evidence.latency.error()).min(1.0);
        if goal < limit {
            self.calm = 0;
            return (limit + 0.5 * trust * (goal - limit)).max(limit / 2.0);
        }
        self.calm = if congestion < 1.0 + tolerance / 2.0 { self.calm.saturating_add(1) } else { 0 };
        if !evidence.is_pressed {
            return limit;
        }
        let gain = if self.calm > PATIENCE { 1.0 } else { 0.5 };
        // At least half the tolerance, or a baseline that is a little too low would keep it where it is.
        let up = (goal - limit).max(limit * tolerance / 2.0).min((limit * tolerance).max(1.0));
        limit + gain * trust * up
    }
}
