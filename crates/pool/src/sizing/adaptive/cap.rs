use std::time::Duration;

use super::config::AdaptiveConfig;
use super::sample::Sample;

/// What is left of the limit after a window that was just too slow; less after one that was much too slow.
const CUT: f64 = 0.9;
const DEEPEST_CUT: f64 = 0.5;
const REFUSAL_CUT: f64 = 0.7;
/// The growth until the first cut, as TCP's slow start; one a window from then on.
const START: f64 = 1.5;
/// Windows with room at the size below the one that was last too much, before that one is tried again. To open a connection and close
/// it again costs the server more than a transaction does; TCP CUBIC's plateau.
const PLATEAU: u32 = 10;
/// How much one window without crowding moves the baseline, and one with crowding that was faster all the same; the first windows of
/// cold caches and unprepared statements are to be forgotten before the growth has crowded the server.
const QUIET: f64 = 0.2;
const FASTER: f64 = 0.1;
const FASTER_AT_START: f64 = 0.5;
/// Standard errors by which a crowded window must be faster to count: the luckiest of many windows is not how long holds are. An
/// exponential distribution deviates by its mean.
const CHANCE: f64 = 2.0;

/// How many connections the server can work on: additive increase, multiplicative decrease on how long they are held against how long
/// they are held without load.
///
/// Windows with crowding never raise the baseline, or an overload that lasts would come to count as normal and the limit would creep up
/// with it (concurrency-limits#134 and #137, of Netflix). A workload that has become slower in itself brings the limit down to the
/// minimum, where there is no crowding: from there a new baseline is learnt.
#[derive(Clone, Debug)]
pub(super) struct Cap {
    limit: f64,
    /// In seconds.
    baseline: Option<f64>,
    starting: bool,
    /// The limit that was last too much, and the windows with room there have been just below it.
    too_much: Option<(f64, u32)>,
    /// How long the limit will not move.
    rest: Duration,
}

/// What a window says about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressure {
    /// It refused connects for having too many.
    Refused,
    /// Connections are held for too long: the limit was cut.
    Crowded,
    /// Its last cut is too young to judge.
    Resting,
    /// The callers use less than half of the limit, or hold for long what a lesser size would not keep from them: nothing can be
    /// learnt about the limit.
    AppLimited,
    /// Too little came back.
    Unclear,
    /// There is room for more: the limit has grown if it could.
    Free,
}

impl Cap {
    pub(super) fn new(size: usize) -> Self {
        Self { limit: size as f64, baseline: None, starting: true, too_much: None, rest: Duration::ZERO }
    }

    pub(super) fn connections(&self) -> usize {
        self.limit as usize
    }

    pub(super) fn baseline(&self) -> Option<Duration> {
        self.baseline.map(Duration::from_secs_f64)
    }

    pub(super) fn judge(&mut self, sample: &Sample, config: &AdaptiveConfig) -> Pressure {
        self.rest = self.rest.saturating_sub(sample.elapsed);
        if self.starting {
            // Somebody else has chosen a size so far.
            self.limit = self.limit.max(sample.size.min(config.max) as f64);
        }
        if sample.refused > 0 {
            self.cut(REFUSAL_CUT * self.limit.min(sample.open as f64), config, config.refusal_pause);
            return Pressure::Refused;
        }
        let Some(hold) = sample.mean_hold(config.min_samples) else {
            return Pressure::Unclear;
        };
        let busy = sample.busy();
        let baseline = self.learn(hold, sample, config);
        if !self.rest.is_zero() {
            return Pressure::Resting;
        }
        if busy < self.limit / 2.0 {
            return Pressure::AppLimited;
        }
        // Past what the server works on at once, each connection more makes all of them be held longer by one share: the step up
        // to this size is not to be the reason for leaving it, or a pool of four would be cut for having grown from three.
        let bound = config.tolerance * baseline * (1.0 + 1.0 / self.limit);
        if hold > bound && !sample.binds() {
            Pressure::AppLimited
        } else if hold > bound {
            self.too_much = Some((self.limit, 0));
            self.cut(self.limit * (bound / hold).clamp(DEEPEST_CUT, CUT), config, config.cooldown);
            Pressure::Crowded
        } else {
            self.grow(config);
            Pressure::Free
        }
    }

    fn grow(&mut self, config: &AdaptiveConfig) {
        let grown = if self.starting { (self.limit * START).ceil() } else { self.limit + 1.0 };
        match &mut self.too_much {
            Some((limit, windows)) if grown > *limit - 1.0 && *windows < PLATEAU => *windows += 1,
            _ => {
                self.too_much.take_if(|(limit, _)| grown >= *limit);
                self.limit = grown.min(config.max as f64);
            }
        }
    }

    fn cut(&mut self, to: f64, config: &AdaptiveConfig, rest: Duration) {
        self.limit = to.clamp(config.min as f64, config.max as f64);
        self.starting = false;
        self.rest = self.rest.max(rest);
    }

    /// Takes a window into the baseline and returns it.
    fn learn(&mut self, hold: f64, sample: &Sample, config: &AdaptiveConfig) -> f64 {
        let baseline = self.baseline.get_or_insert(hold);
        let chance = CHANCE / (sample.holds as f64).sqrt();
        let busy = sample.busy();
        let quiet = busy <= config.min as f64 || busy <= self.limit / 4.0;
        let weight = if quiet {
            QUIET
        } else if hold >= *baseline * (1.0 - chance) {
            0.0
        } else if self.starting {
            FASTER_AT_START
        } else {
            FASTER
        };
        *baseline += weight * (hold - *baseline);
        *baseline
    }
}
