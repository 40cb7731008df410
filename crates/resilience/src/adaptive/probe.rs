use std::time::Duration;
use tokio::time::Instant;

/// What the limit is lowered to for a probe. At the limits that the algorithms go for, fewer calls than the callee can
/// serve at once are then left, and none of them queues; where the baseline was too high, each probe brings it down by
/// as much.
pub(super) const LOWERED: f64 = 0.6;

/// Windows from one probe to the next, while the baseline moves, and once it does not.
const SOON: f64 = 15.0;
const LATE: f64 = 60.0;

/// When the latency without load is measured: now and then the limit is lowered, until what queues at the callee has
/// drained, and then for one window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    stage: Stage,
    pause: f64,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Resting { until: Option<Instant> },
    Draining { until: Option<Instant> },
    Measuring,
}

impl Probe {
    /// Nothing runs and nothing is known: the first window measures.
    pub(super) fn new() -> Self {
        Self { stage: Stage::Measuring, pause: SOON }
    }

    pub(super) fn is_measuring(&self) -> bool {
        matches!(self.stage, Stage::Measuring)
    }

    pub(super) fn is_draining(&self) -> bool {
        matches!(self.stage, Stage::Draining { .. })
    }

    /// Whether the limit is lowered.
    pub(super) fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::Resting { .. })
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        matches!(self.stage, Stage::Resting { until } if until.is_some_and(|until| now >= until))
    }

    /// Lowers the limit; what queues at the callee is gone after a few times what calls take now.
    pub(super) fn begin(&mut self, latency: f64, now: Instant) {
        let drained = Duration::try_from_secs_f64(latency * 3.0).unwrap_or(Duration::MAX);
        self.stage = Stage::Draining { until: now.checked_add(drained) };
    }

    /// Whether what queued at the callee is gone now: measuring begins.
    pub(super) fn drained(&mut self, now: Instant) -> bool {
        let drained =
            matches!(self.stage, Stage::Draining { until } if until.is_none_or(|until| now >= until));
        if drained {
            self.stage = Stage::Measuring;
        }
        drained
    }

    /// It was measured; whether the baseline moved, or else was confirmed. `draw` is uniform in [0, 1).
    pub(super) fn end(&mut self, moved: bool, window: Duration, draw: f64, now: Instant) {
        self.pause = if moved { SOON } else { (self.pause * 2.0).min(LATE) };
        self.rest(window, draw, now);
    }

    /// Not now: it is measured soon.
    pub(super) fn put_off(&mut self, window: Duration, draw: f64, now: Instant) {
        self.pause = SOON;
        self.rest(window, draw, now);
    }

    /// Callers who began together must not all probe together, or they would find the callee idle: a fifth is chance.
    fn rest(&mut self, window: Duration, draw: f64, now: Instant) {
        let pause = Duration::try_from_secs_f64(window.as_secs_f64() * self.pause * (0.9 + 0.2 * draw));
        self.stage = Stage::Resting { until: now.checked_add(pause.unwrap_or(Duration::MAX)) };
    }
}
