use super::window::Evidence;

/// Calls in a window that would be trusted half.
const TRUST: f64 = 1_000.0;

/// Smooths the limit and not the latency, which would lag behind the limit that caused it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gradient {
    /// Windows in a row without congestion: the longer, the bolder it grows.
    calm: u32,
}

impl Gradient {
    /// Towards the limit at which latency is `1 + tolerance` times that without load.
    ///
    /// Where calls queue at the callee, latency goes with the limit, so that limit is `limit × (1 + tolerance) /
    /// congestion`. How far to go there depends on how far chance alone would explain what was seen.
    pub(super) fn next(&mut self, limit: f64, congestion: f64, tolerance: f64, evidence: &Evidence) -> f64 {
        let goal = limit * (1.0 + tolerance) / congestion;
        let gain = (evidence.calls / TRUST).clamp(0.05, 0.5);
        if goal < limit {
            self.calm = 0;
            let is_certain = congestion > 1.0 + tolerance + evidence.noise();
            let gain = if is_certain { 0.5 } else { gain };
            return (limit + gain * (goal - limit)).max(limit / 2.0);
        }
        self.calm = self.calm.saturating_add(1);
        if !evidence.is_pressed {
            return limit;
        }
        let gain = (gain * f64::from(self.calm)).min(0.5);
        limit + gain * (goal - limit).clamp(0.0, (limit * tolerance).max(1.0))
    }
}
