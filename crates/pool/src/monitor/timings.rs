use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::config::TimingsConfig;
use super::phase::PhaseStats;
use super::series::Series;
use super::totals::{Counters, Totals};
use crate::error::ConfigError;
use crate::observer::{CloseReason, Observer, WaitEnd};

/// How long callers wait, connects take, checks take and connections are held, over a sliding window: an [`Observer`] to give to a pool
/// behind an [`Arc`](std::sync::Arc).
///
/// Bounded memory: 14 KB for each phase and sub-window that has seen anything. Each event reads the clock once and takes the lock of its
/// phase, for no longer than it takes to count. For a pool of another crate, tell it what you measure.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use mainstay_pool::{Observer, WaitEnd, monitor::{Timings, TimingsConfig}};
///
/// let timings = Timings::new(TimingsConfig::default())?;
/// timings.waited(Duration::from_millis(3), WaitEnd::Served);
/// assert_eq!((timings.wait().count, timings.wait().max), (1, Duration::from_millis(3)));
/// # Ok::<(), mainstay_pool::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Timings {
    began: Instant,
    sub_window: Duration,
    wait: Series,
    connect: Series,
    validate: Series,
    hold: Series,
    counters: Counters,
}

impl Timings {
    /// Has seen nothing yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if fields of `config` are out of range.
    pub fn new(config: TimingsConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let TimingsConfig { window, sub_windows } = config;
        let series = || Series::new(sub_windows);
        Ok(Self {
            began: Instant::now(),
            sub_window: window / u32::try_from(sub_windows).unwrap_or(u32::MAX),
            wait: series(),
            connect: series(),
            validate: series(),
            hold: series(),
            counters: Counters::default(),
        })
    }

    /// How long callers waited, checks and hooks included; those without a connection at the end count as failed.
    pub fn wait(&self) -> PhaseStats {
        self.wait.stats(self.turn())
    }

    /// How long connects took.
    pub fn connect(&self) -> PhaseStats {
        self.connect.stats(self.turn())
    }

    /// How long checks took.
    pub fn validate(&self) -> PhaseStats {
        self.validate.stats(self.turn())
    }

    /// How long connections were held that came back.
    pub fn hold(&self) -> PhaseStats {
        self.hold.stats(self.turn())
    }

    /// What has happened since the start.
    pub fn totals(&self) -> Totals {
        self.counters.totals()
    }

    /// The stretch of time that it is now.
    fn turn(&self) -> u64 {
        let turn = self.began.elapsed().as_nanos() / self.sub_window.as_nanos();
        u64::try_from(turn).unwrap_or(u64::MAX)
    }
}

impl Default for Timings {
    fn default() -> Self {
        Self::new(TimingsConfig::default()).expect("the default is within range")
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Observer for Timings {
    fn waited(&self, time: Duration, end: WaitEnd) {
        let counters = &self.counters;
        count(match end {
            WaitEnd::Served => &counters.served,
            WaitEnd::TimedOut => &counters.timed_out,
            WaitEnd::Cancelled => &counters.cancelled,
            WaitEnd::Refused => &counters.turned_away,
        });
        self.wait.record(self.turn(), time, end != WaitEnd::Served);
    }

    fn connected(&self, time: Duration, succeeded: bool) {
        count(if succeeded { &self.counters.connects } else { &self.counters.failed_connects });
        self.connect.record(self.turn(), time, !succeeded);
    }

    fn refused_as_too_many(&self) {
        count(&self.counters.too_many);
    }

    fn validated(&self, time: Duration, succeeded: bool) {
        if !succeeded {
            count(&self.counters.failed_checks);
        }
        self.validate.record(self.turn(), time, !succeeded);
    }

    fn held(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counters.held_nanos.fetch_add(nanos, Relaxed);
        count(&self.counters.holds);
        self.hold.record(self.turn(), time, false);
    }

    fn closed(&self, _: CloseReason) {
        count(&self.counters.closed);
    }
}
