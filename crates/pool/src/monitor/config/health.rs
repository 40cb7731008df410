use std::time::Duration;

use crate::config::Problems;
use crate::error::ConfigError;

/// From where on a pool is not well.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct HealthConfig {
    /// One caller in twenty may wait for as long. Default: 100 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub wait_p95: Duration,
    /// One connect in twenty may take as long. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub connect_p95: Duration,
    /// So many waits or connects must have ended before their percentiles are judged. Default: 5.
    pub min_samples: u64,
    /// The share of the connections that may lie idle all through the history. Default: 0.8.
    pub idle_share: f64,
    /// The history must reach back as far before idle connections count as waste. Default: 5 min.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub idle_for: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            wait_p95: Duration::from_millis(100),
            connect_p95: Duration::from_secs(1),
            min_samples: 5,
            idle_share: 0.8,
            idle_for: Duration::from_secs(5 * 60),
        }
    }
}

impl HealthConfig {
    /// Sets how long one caller in twenty may wait (1 ms to 1 h).
    #[must_use]
    pub const fn wait_p95(mut self, wait_p95: Duration) -> Self {
        self.wait_p95 = wait_p95;
        self
    }

    /// Sets how long one connect in twenty may take (1 ms to 1 h).
    #[must_use]
    pub const fn connect_p95(mut self, connect_p95: Duration) -> Self {
        self.connect_p95 = connect_p95;
        self
    }

    /// Sets how many waits or connects must have ended before they are judged (1 to 1 000 000).
    #[must_use]
    pub const fn min_samples(mut self, min_samples: u64) -> Self {
        self.min_samples = min_samples;
        self
    }

    /// Sets the share of the connections that may lie idle (0 to 1).
    #[must_use]
    pub const fn idle_share(mut self, idle_share: f64) -> Self {
        self.idle_share = idle_share;
        self
    }

    /// Sets how far the history must reach back before idle connections count as waste (0 to 30 days).
    #[must_use]
    pub const fn idle_for(mut self, idle_for: Duration) -> Self {
        self.idle_for = idle_for;
        self
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] names every field that is outside, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        const INSTANT: Duration = Duration::from_millis(1);
        const HOUR: Duration = Duration::from_secs(3600);
        let mut problems = Problems::default();
        problems.span("wait_p95", self.wait_p95, INSTANT, HOUR);
        problems.span("connect_p95", self.connect_p95, INSTANT, HOUR);
        problems.number("min_samples", self.min_samples, 1, 1_000_000);
        problems.number("idle_share", self.idle_share, 0.0, 1.0);
        problems.span("idle_for", self.idle_for, Duration::ZERO, 30 * 24 * HOUR);
        problems.into_result()
    }
}
