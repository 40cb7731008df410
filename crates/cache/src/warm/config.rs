use std::time::Duration;

use crate::error::ConfigError;

/// How hard a [`WarmRunner`](super::WarmRunner) works, and when it gives up.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct WarmConfig {
    /// Most batches under way at once. Default 8.
    pub concurrency: usize,
    /// Most keys handed to a warmer at once, unless it wants another number. Default 1.
    pub batch: usize,
    /// Most keys begun a second. Default: no limit.
    #[cfg_attr(feature = "config", serde(skip_serializing_if = "Option::is_none"))]
    pub rate: Option<u32>,
    /// Longest run, plans included; what is under way then is dropped. Default 60 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub deadline: Duration,
    /// Longest wait for the warmers' plans; a warmer without one by then is left out. Default 10 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub plan_timeout: Duration,
    /// The run stops when a greater share of the tried keys failed; 1 never stops it. Default 0.5.
    pub max_error_ratio: f64,
    /// Keys tried before the share of failures is judged. Default 20.
    pub min_tried: usize,
}

impl Default for WarmConfig {
    fn default() -> Self {
        Self {
            concurrency: 8,
            batch: 1,
            rate: None,
            deadline: Duration::from_secs(60),
            plan_timeout: Duration::from_secs(10),
            max_error_ratio: 0.5,
            min_tried: 20,
        }
    }
}

impl WarmConfig {
    /// Sets the most batches under way at once. Default 8.
    #[must_use]
    pub fn concurrency(mut self, batches: usize) -> Self {
        self.concurrency = batches;
        self
    }

    /// Sets the most keys handed to a warmer at once. Default 1.
    #[must_use]
    pub fn batch(mut self, keys: usize) -> Self {
        self.batch = keys;
        self
    }

    /// Sets the most keys begun a second. Default: no limit.
    #[must_use]
    pub fn rate(mut self, keys_a_second: impl Into<Option<u32>>) -> Self {
        self.rate = keys_a_second.into();
        self
    }

    /// Sets the longest run. Default 60 s.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the longest wait for plans. Default 10 s.
    #[must_use]
    pub fn plan_timeout(mut self, timeout: Duration) -> Self {
        self.plan_timeout = timeout;
        self
    }

    /// Sets the share of failures above which the run stops. Default 0.5.
    #[must_use]
    pub fn max_error_ratio(mut self, ratio: f64) -> Self {
        self.max_error_ratio = ratio;
        self
    }

    /// Sets how many keys are tried before failures are judged. Default 20.
    #[must_use]
    pub fn min_tried(mut self, keys: usize) -> Self {
        self.min_tried = keys;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let spans = Duration::from_millis(1)..=Duration::from_secs(86_400);
        if !(1..=10_000).contains(&self.concurrency) {
            return Err(ConfigError::new("concurrency", self.concurrency, "1 to 10,000"));
        }
        if !(1..=100_000).contains(&self.batch) {
            return Err(ConfigError::new("batch", self.batch, "1 to 100,000"));
        }
        if self.rate == Some(0) {
            return Err(ConfigError::new("rate", 0, "1 or more a second, or none for no limit"));
        }
        for (field, value) in [("deadline", self.deadline), ("plan_timeout", self.plan_timeout)] {
            if !spans.contains(&value) {
                return Err(ConfigError::new(field, format!("{value:?}"), "1 ms to 24 h"));
            }
        }
        if !(0.0..=1.0).contains(&self.max_error_ratio) {
            return Err(ConfigError::new("max_error_ratio", self.max_error_ratio, "0 to 1"));
        }
        if self.min_tried == 0 {
            return Err(ConfigError::new("min_tried", 0, "1 or more"));
        }
        Ok(())
    }
}
