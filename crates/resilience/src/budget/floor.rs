use super::BudgetConfig;
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// So many extra attempts a second in any case: GCRA, one word. A second's worth may be taken at once.
#[derive(Debug)]
pub(super) struct Floor {
    made: Instant,
    /// When, in nanoseconds since `made`, all that was granted would have been earned one by one.
    paid_until: AtomicU64,
    /// Nanoseconds that earn one; 0 where there is no floor.
    interval: AtomicU64,
}

const SECOND: u64 = Duration::from_secs(1).as_nanos() as u64;

impl Floor {
    pub(super) fn new(config: &BudgetConfig) -> Self {
        let floor = Self { made: Instant::now(), paid_until: AtomicU64::new(0), interval: AtomicU64::new(0) };
        floor.reconfigure(config);
        floor
    }

    pub(super) fn reconfigure(&self, config: &BudgetConfig) {
        let interval = if config.min_per_second == 0.0 { 0.0 } else { SECOND as f64 / config.min_per_second };
        self.interval.store(interval.ceil() as u64, Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// How far ahead of the clock grants may go, and the interval.
    fn terms(&self) -> Option<(u64, u64)> {
        let interval = self.interval.load(Relaxed);
        (interval > 0).then(|| (interval.max(SECOND), interval))
    }

    /// Whether one may be taken.
    pub(super) fn take(&self) -> bool {
        let Some((ahead, interval)) = self.terms() else { return false };
        let now = self.now();
        self.paid_until
            .try_update(Relaxed, Relaxed, |until| {
                let until = until.max(now).saturating_add(interval);
                (until <= now.saturating_add(ahead)).then_some(until)
            })
            .is_ok()
    }

    /// Counts one that was earned otherwise: a floor is no second share on top of the first.
    pub(super) fn note(&self) {
        let Some((ahead, interval)) = self.terms() else { return };
        let now = self.now();
        self.paid_until.update(Relaxed, Relaxed, |until| {
            until.max(now).saturating_add(interval).min(now.saturating_add(ahead))
        });
    }

    /// How many could be taken now.
    pub(super) fn left(&self) -> u64 {
        self.terms().map_or(0, |(ahead, interval)| {
            let now = self.now();
            let until = self.paid_until.load(Relaxed).max(now);
            now.saturating_add(ahead).saturating_sub(until) / interval
        })
    }
}
