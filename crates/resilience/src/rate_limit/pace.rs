use super::RateLimitConfig;
use std::time::Duration;

/// A rate and burst as GCRA counts them, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// Between two calls in the long run. Rounded up: never faster than configured.
    pub(super) interval: u64,
    /// How far calls may run ahead of that: the burst, less the one call that is always in time.
    pub(super) tolerance: u64,
}

impl Pace {
    pub(super) fn new(config: &RateLimitConfig) -> Self {
        let interval = nanos(config.rate.per).div_ceil(u64::from(config.rate.calls).max(1)).max(1);
        let burst = u64::from(config.burst.unwrap_or(config.rate.calls)).max(1);
        Self { interval, tolerance: interval.saturating_mul(burst - 1) }
    }

    /// The time a burst from a full bucket is worth.
    pub(super) fn capacity(self) -> u64 {
        self.tolerance.saturating_add(self.interval)
    }

    /// What is owed under `self` for as many calls left as `owed` leaves under `before`; a bucket that holds fewer
    /// spills, one that holds more fills at the rate.
    pub(super) fn carry_over(self, before: Self, owed: u64) -> u64 {
        let left = i128::from(before.capacity()) - i128::from(owed);
        let left = left.saturating_mul(self.interval.into()) / i128::from(before.interval);
        let owed = i128::from(self.capacity()) - left;
        u64::try_from(owed.max(0)).unwrap_or(u64::MAX)
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
