use std::time::Duration;

use crate::config::Problems;
use crate::error::ConfigError;

/// How often a [`Monitor`](crate::monitor::Monitor) looks and how much it remembers. Default: every second, the last ten minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct MonitorConfig {
    /// How often [`Monitor::run`](crate::monitor::Monitor::run) looks. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub every: Duration,
    /// Readings that are kept, the latest. Default: 600.
    pub history: usize,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self { every: Duration::from_secs(1), history: 600 }
    }
}

impl MonitorConfig {
    /// Sets how often it looks (10 ms to 1 h).
    #[must_use]
    pub const fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Sets how many readings are kept (1 to 100 000).
    #[must_use]
    pub const fn history(mut self, history: usize) -> Self {
        self.history = history;
        self
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] names every field that is outside, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        problems.span("every", self.every, Duration::from_millis(10), Duration::from_secs(3600));
        problems.number("history", self.history, 1, 100_000);
        problems.into_result()
    }
}
