use std::time::Duration;

use crate::config::Problems;
use crate::error::ConfigError;

/// How far back [`Timings`](crate::monitor::Timings) reach. Default: the last minute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct TimingsConfig {
    /// How far back percentiles reach. Default: 60 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub window: Duration,
    /// Parts of the window that are forgotten as a whole, the oldest first: with 6, a minute's percentiles reach back between 50 and
    /// 60 s. Each takes at most 14 KB a phase. Default: 6.
    pub sub_windows: usize,
}

impl Default for TimingsConfig {
    fn default() -> Self {
        Self { window: Duration::from_secs(60), sub_windows: 6 }
    }
}

impl TimingsConfig {
    /// Sets how far back percentiles reach (1 s to 1 day).
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets into how many parts the window is cut (1 to 60).
    #[must_use]
    pub const fn sub_windows(mut self, sub_windows: usize) -> Self {
        self.sub_windows = sub_windows;
        self
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] names every field that is outside, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        problems.span("window", self.window, Duration::from_secs(1), Duration::from_secs(24 * 3600));
        problems.number("sub_windows", self.sub_windows, 1, 60);
        problems.into_result()
    }
}
