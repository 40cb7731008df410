use super::{
    AdaptiveConfig, Algorithm,
    gradient::Gradient,
    mean::Mean,
    probe::{LOWERED, Probe},
    window::{Filled, Sample, Window},
};
use std::time::Duration;
use tokio::time::Instant;

/// Finds the limit. Free of clocks and futures: what calls took and when they ended comes in.
#[derive(Debug)]
pub(super) struct Controller {
    rules: Rules,
    /// Between calls it may be a fraction; what is enforced is whole.
    limit: f64,
    window: Window,
    /// The latency without load.
    baseline: Option<Mean>,
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
        match self.window.filled(self.rules.window, self.rules.min_samples, now) {
            Filled::NotYet => {}
            Filled::TooLate => self.window = Window::open(now),
            Filled::Enough => {
                self.decide(now);
                self.window = Window::open(now);
            }
        }
    }

    fn decide(&mut self, now: Instant) {
        let enforced = self.enforced();
        let mut evidence = self.window.evidence(enforced);
        self.latency = evidence.latency.or(self.latency);
        if evidence.is_overload {
            self.cut(now);
            return;
        }
        let Some(latency) = evidence.latency else { return };
        let compares = self.rules.algorithm.needs_baseline();
        if compares {
            let measures = self.probe.is_measuring();
            let moved = self.look_at_baseline(latency, evidence.calls, measures || enforced == 1);
            let draw = self.draws.f64();
            if measures {
                self.probe.end(moved, self.rules.window, draw, now);
                return;
            }
            if moved != 0.0 {
                self.probe.hurry(self.rules.window, draw, now);
            }
            evidence.congestion = self.baseline.map(|baseline| latency / baseline.seconds());
        }
        let next = self.rules.algorithm.next(self.limit, &evidence, &mut self.gradient);
        let doubtful = self.follow(latency, next);
        self.limit = self.rules.bound(next);
        if compares && (doubtful || self.probe.is_due(now) && evidence.is_pressed) {
            self.probe.begin(latency, now);
        }
    }

    /// Takes in a latency as one without load if it `is_free` of load, or is shorter than what was taken for one.
    /// Answers by what share the baseline moved, if it moved beyond chance.
    fn look_at_baseline(&mut self, latency: f64, calls: f64, is_free: bool) -> f64 {
        let Some(baseline) = &mut self.baseline else {
            // The first of all is in doubt: the limit it began with may have been too high.
            if is_free {
                self.baseline = Some(Mean::of(latency, calls));
            }
            return 1.0;
        };
        let before = baseline.seconds();
        match baseline.difference(latency, calls) {
            Some(_) => {}
            None if is_free => {}
            None => return 0.0,
        }
        if is_free || latency < before {
            baseline.learn(latency, calls);
            return baseline.seconds() / before - 1.0;
        }
        0.0
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
        if self.baseline.is_some() {
            let draw = self.draws.f64();
            self.probe.hurry(self.rules.window, draw, now);
        }
    }
}
