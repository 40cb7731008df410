use super::{
    AdaptiveConfig, Algorithm,
    gradient::Gradient,
    mean::Mean,
    probe::{LOWERED, Probe},
    window::{DECISIVE, Evidence, Filled, Sample, Window},
};
use std::time::Duration;
use tokio::time::Instant;

/// The latency without load is measured until it is off by no more than this share, or the window has become stale.
const MEASURED_TO: f64 = 0.06;

/// The multiple of the latency without load on which decisions turn, about: above it the limit falls, below it rises.
const PIVOT: f64 = 1.08;

/// Finds the limit. Free of clocks and futures: what calls took and when they ended comes in.
#[derive(Debug)]
pub(super) struct Controller {
    rules: Rules,
    /// Between calls it may be a fraction; what is enforced is whole.
    limit: f64,
    window: Window,
    /// The latency without load.
    baseline: Option<Mean>,
    /// What was enforced when that was last measured: under so low a limit, or a lower one, no call queues, unless the
    /// callee has changed.
    free_up_to: usize,
    probe: Probe,
    gradient: Gradient,
    decline: Option<Decline>,
    /// Mean latency of the last window.
    latency: Option<f64>,
    draws: fastrand::Rng,
}

/// What a controller works by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    algorithm: Algorithm,
    least: usize,
    most: usize,
    window: Duration,
    min_samples: u32,
}

/// A series of cuts: what the limit was before, and the longest latency since.
#[derive(Clone, Copy, Debug)]
struct Decline {
    from: f64,
    latency: f64,
}

impl Rules {
    pub(super) fn new(config: &AdaptiveConfig) -> Self {
        Self {
            algorithm: config.algorithm,
            least: config.min_limit,
            most: config.max_limit,
            window: config.window,
            min_samples: config.min_samples,
        }
    }

    fn bound(&self, limit: f64) -> f64 {
        limit.clamp(self.least as f64, self.most as f64)
    }
}

impl Controller {
    pub(super) fn new(config: &AdaptiveConfig, now: Instant) -> Self {
        let rules = Rules::new(config);
        Self {
            rules,
            limit: rules.bound(config.initial_limit as f64),
            window: Window::open(now),
            baseline: None,
            free_up_to: 1,
            probe: Probe::new(),
            gradient: Gradient::default(),
            decline: None,
            latency: None,
            draws: config.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
        }
    }

    /// Goes on from where it is by other rules.
    pub(super) fn reconfigure(&mut self, config: &AdaptiveConfig) {
        self.rules = Rules::new(config);
        self.limit = self.rules.bound(self.limit);
    }

    /// How many calls may run now: never more than the limit, so that 4 run under a limit of 4.9 (palantir/dialogue#897),
    /// and never none.
    pub(super) fn enforced(&self) -> usize {
        let lowers = self.rules.algorithm.needs_baseline() && self.probe.is_under_way();
        let limit = if lowers { self.limit * LOWERED } else { self.limit };
        (limit as usize).max(self.rules.least)
    }

    pub(super) fn baseline(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.baseline?.seconds()).ok()
    }

    pub(super) fn latency(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.latency?).ok()
    }

    /// Takes in what a call said that ended `now`.
    pub(super) fn record(&mut self, sample: Sample, now: Instant) {
        if self.probe.is_draining() && self.rules.algorithm.needs_baseline() {
            // Among these are calls that still queued.
            if self.probe.drained(now) {
                self.window = Window::open(now);
            }
            return;
        }
        self.window.add(sample);
        let (error, pivot) = match &self.baseline {
            _ if !self.rules.algorithm.needs_baseline() => (f64::INFINITY, 0.0),
            Some(baseline) if !self.probe.is_measuring() => (DECISIVE, baseline.seconds() * PIVOT),
            _ => (MEASURED_TO, f64::NAN),
        };
        match self.window.filled(self.rules.window, self.rules.min_samples, error, pivot, now) {
            Filled::NotYet => return,
            // Too few calls to measure by: there is no use in keeping the limit low.
            Filled::TooLate if self.probe.is_measuring() => self.rest(now),
            Filled::TooLate => {}
            Filled::Enough => self.decide(now),
        }
        self.window = Window::open(now);
    }

    fn decide(&mut self, now: Instant) {
        let enforced = self.enforced();
        let mut evidence = self.window.evidence(enforced);
        let latency = evidence.latency;
        if latency.calls() > 0.0 {
            self.latency = Some(latency.seconds());
        }
        if evidence.is_overload {
            self.cut(now);
        } else if !self.rules.algorithm.needs_baseline() {
            let next = self.rules.algorithm.next(self.limit, &evidence, &mut self.gradient);
            self.limit = self.rules.bound(next);
        } else if self.probe.is_measuring() {
            let moved = self.learn(&latency);
            self.free_up_to = enforced;
            self.probe.end(moved, self.rules.window, self.draws.f64(), now);
        } else {
            self.compare(&mut evidence, enforced, now);
        }
    }

    /// Moves the limit by how latency compares with that without load, and sees to it that this is still right.
    fn compare(&mut self, evidence: &mut Evidence, enforced: usize, now: Instant) {
        let latency = evidence.latency;
        let is_free = match &self.baseline {
            None => return self.probe.begin(latency.seconds(), now),
            Some(baseline) => enforced <= self.free_up_to && !baseline.differs(&latency),
        };
        if is_free || enforced == 1 {
            self.learn(&latency);
        }
        let Some(baseline) = &self.baseline else { return };
        evidence.congestion = Some(latency.seconds() / baseline.seconds());
        // Shorter than without load: then what is taken for that is too long.
        let is_refuted = latency.seconds() < baseline.seconds() && baseline.differs(&latency);
        let next = self.rules.algorithm.next(self.limit, evidence, &mut self.gradient);
        let is_doubtful = self.follow(latency.seconds(), next);
        self.limit = self.rules.bound(next);
        if is_refuted || is_doubtful || self.probe.is_due(now) && evidence.is_pressed {
            self.probe.begin(latency.seconds(), now);
        }
    }

    /// Takes in a latency without load; whether what was taken for it moved beyond chance.
    fn learn(&mut self, latency: &Mean) -> bool {
        let Some(baseline) = &mut self.baseline else {
            self.baseline = Some(*latency);
            // The limit it began with may have been too high.
            return true;
        };
        let moves = baseline.differs(latency);
        baseline.learn(latency);
        moves
    }

    /// Follows a series of cuts. Whether latency stays as long as it was, though the limit is well below where the
    /// series began: calls then do not queue because of us, the callee has become slower, and what is taken for the
    /// latency without load is none.
    fn follow(&mut self, latency: f64, next: f64) -> bool {
        if next >= self.limit {
            self.decline = None;
            return false;
        }
        let decline = self.decline.get_or_insert(Decline { from: self.limit, latency });
        decline.latency = decline.latency.max(latency);
        let doubtful = self.limit <= decline.from * 0.7 && latency > decline.latency * 0.85;
        if doubtful {
            self.decline = None;
        }
        doubtful
    }

    /// Cuts the limit after overload, also where calls do not use it up; a probe is put off.
    fn cut(&mut self, now: Instant) {
        self.limit = self.rules.bound(self.limit * self.rules.algorithm.backoff());
        self.gradient = Gradient::default();
        self.rest(now);
    }

    /// No probe for a while, though not for long.
    fn rest(&mut self, now: Instant) {
        self.probe.put_off(self.rules.window, self.draws.f64(), now);
    }
}
