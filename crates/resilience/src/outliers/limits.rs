use super::{OutliersConfig, Strategy, WhenNone, window::BUCKETS};
use std::time::Duration;

/// A configuration as the set works with it; durations in ticks, which are milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) consecutive: u32,
    pub(super) failure_rate: f64,
    pub(super) deviation: Option<f64>,
    pub(super) bucket: u64,
    pub(super) min_calls: u64,
    pub(super) base: u64,
    pub(super) longest: u64,
    percent: usize,
    keep: usize,
    pub(super) when_none: WhenNone,
    pub(super) strategy: Strategy,
    pub(super) trial_lease: u64,
    pub(super) shadow: bool,
}

impl Limits {
    pub(super) fn new(config: &OutliersConfig) -> Self {
        Self {
            consecutive: config.consecutive_failures.unwrap_or(u32::MAX),
            failure_rate: config.failure_rate.unwrap_or(f64::INFINITY),
            deviation: config.deviation,
            bucket: (ticks(config.window) / BUCKETS as u64).max(1),
            min_calls: config.min_calls.into(),
            base: ticks(config.base_ejection),
            longest: ticks(config.max_ejection),
            percent: config.max_ejected_percent.into(),
            keep: usize::from(!config.allow_none),
            when_none: config.when_none,
            strategy: config.strategy,
            trial_lease: ticks(config.trial_lease),
            shadow: config.shadow,
        }
    }

    /// Whether the window is in use; without it an outcome needs no clock.
    pub(super) fn by_rate(&self) -> bool {
        self.failure_rate.is_finite() || self.deviation.is_some()
    }

    /// Most endpoints of so many that may be out.
    pub(super) fn max_out(&self, endpoints: usize) -> usize {
        (endpoints.saturating_mul(self.percent) / 100).min(endpoints.saturating_sub(self.keep))
    }

    /// How long the `n`th ejection lasts.
    pub(super) fn ejection(&self, n: u32) -> u64 {
        self.base.saturating_mul(n.into()).min(self.longest)
    }
}

pub(super) fn ticks(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
