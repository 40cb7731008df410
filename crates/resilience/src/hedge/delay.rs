use super::HedgeConfig;
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// The delay until a copy starts: fixed, or learnt from how long calls take.
///
/// Observed calls go into two histograms of half a window each; when the younger is half a window old it takes the
/// place of the elder. So the memory is bounded, and what is older than the window is forgotten.
#[derive(Debug)]
pub(super) struct Delay {
    /// In nanoseconds, for the hot path.
    current: AtomicU64,
    learnt: AtomicBool,
    observed: Mutex<Option<Observed>>,
}

/// What is observed, and what it is asked for.
#[derive(Debug)]
struct Observed {
    percentile: f64,
    half: Duration,
    min_calls: u64,
    until_learnt: Duration,
    began: Instant,
    elder: Histogram<u32>,
    younger: Histogram<u32>,
    /// The sum of both, kept so that it is not allocated each time.
    both: Histogram<u32>,
    since_learnt: u32,
}

/// So many calls share the cost of one look at the percentile.
const LEARN_EVERY: u32 = 64;
/// In microseconds: a call that takes longer counts as one of an hour.
const LONGEST: u64 = 3_600_000_000;

impl Delay {
    pub(super) fn new(config: &HedgeConfig) -> Self {
        let delay =
            Self { current: AtomicU64::new(0), learnt: AtomicBool::new(false), observed: Mutex::new(None) };
        delay.reconfigure(config);
        delay
    }

    /// What was observed stays where it is still asked for.
    pub(super) fn reconfigure(&self, config: &HedgeConfig) {
        let mut observed = self.observed.lock();
        self.learnt.store(config.percentile.is_some(), Relaxed);
        let Some(percentile) = config.percentile else {
            *observed = None;
            self.set(config.delay);
            return;
        };
        let observed = observed.get_or_insert_with(Observed::new);
        observed.percentile = percentile;
        observed.half = config.window / 2;
        observed.min_calls = config.min_calls.into();
        observed.until_learnt = config.delay;
        self.set(observed.learn());
    }

    fn set(&self, delay: Duration) {
        self.current.store(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn current(&self) -> Duration {
        Duration::from_nanos(self.current.load(Relaxed))
    }

    /// Whether it is learnt from the calls; if not, there is no need to [`observe`](Self::observe) them.
    pub(super) fn is_learnt(&self) -> bool {
        self.learnt.load(Relaxed)
    }

    /// A call that had to wait took so long, or longer where a copy overtook it.
    pub(super) fn observe(&self, took: Duration) {
        if let Some(observed) = &mut *self.observed.lock()
            && let Some(delay) = observed.add(took)
        {
            self.set(delay);
        }
    }
}

impl Observed {
    fn new() -> Self {
        let empty = || {
            Histogram::new_with_bounds(1, LONGEST, 2).expect("1 us to an hour in two digits is a histogram")
        };
        Self {
            percentile: 0.0,
            half: Duration::ZERO,
            min_calls: 0,
            until_learnt: Duration::ZERO,
            began: Instant::now(),
            elder: empty(),
            younger: empty(),
            both: empty(),
            since_learnt: 0,
        }
    }

    /// Adds a call; the delay, if it was looked at anew.
    fn add(&mut self, took: Duration) -> Option<Duration> {
        let is_over = self.began.elapsed() >= self.half;
        if is_over {
            std::mem::swap(&mut self.elder, &mut self.younger);
            self.younger.reset();
            if self.began.elapsed() >= self.half.saturating_mul(2) {
                self.elder.reset();
            }
            self.began = Instant::now();
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST);
        self.younger.saturating_record(micros.clamp(1, LONGEST));
        self.since_learnt += 1;
        let is_learning = self.elder.len() + self.younger.len() <= self.min_calls;
        (is_over || is_learning || self.since_learnt >= LEARN_EVERY).then(|| self.learn())
    }

    fn learn(&mut self) -> Duration {
        self.since_learnt = 0;
        if self.elder.len() + self.younger.len() < self.min_calls {
            return self.until_learnt;
        }
        self.both.reset();
        for half in [&self.elder, &self.younger] {
            self.both.add(half).expect("all three have the same range");
        }
        Duration::from_micros(self.both.value_at_quantile(self.percentile))
    }
}
