use crate::{ConfigError, config_error::Problems};
use std::{sync::Arc, time::Duration};

/// How many calls may run at once and how many may wait. Default: [`NORMAL`](Self::NORMAL).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BulkheadConfig {
    /// Calls that may run at once. Default 10; at least 1.
    pub max_concurrent: usize,
    /// Calls that may wait for a place. Default 100; 0 turns callers away at once.
    pub max_queued: usize,
    /// Longest wait for a place. Default: none, the caller's own deadline decides.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub queue_timeout: Option<Duration>,
}

impl Default for BulkheadConfig {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl BulkheadConfig {
    /// 20 at once, 50 queued: quick calls.
    pub const FAST: Self = Self::preset(20, 50);
    /// 10 at once, 100 queued.
    pub const NORMAL: Self = Self::preset(10, 100);
    /// 5 at once, 200 queued: slow calls.
    pub const SLOW: Self = Self::preset(5, 200);
    /// 8 at once, 150 queued: somebody else's API.
    pub const EXTERNAL_API: Self = Self::preset(8, 150);
    /// 15 at once, 300 queued: a database.
    pub const DATABASE: Self = Self::preset(15, 300);
    /// 2 at once, 50 queued, at most 120 s in the queue: model training and inference.
    pub const ML_OPERATIONS: Self =
        Self { queue_timeout: Some(Duration::from_secs(120)), ..Self::preset(2, 50) };

    const fn preset(max_concurrent: usize, max_queued: usize) -> Self {
        Self { max_concurrent, max_queued, queue_timeout: None }
    }

    /// Sets the calls that may run at once. At least 1.
    #[must_use]
    pub fn max_concurrent(mut self, calls: usize) -> Self {
        self.max_concurrent = calls;
        self
    }

    /// Sets the calls that may wait; 0 turns callers away at once.
    #[must_use]
    pub fn max_queued(mut self, calls: usize) -> Self {
        self.max_queued = calls;
        self
    }

    /// Sets the longest wait for a place. Default: none.
    #[must_use]
    pub fn queue_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.queue_timeout = timeout.into();
        self
    }

    /// Checks every field; `name` is the policy's name in the error.
    ///
    /// # Errors
    /// All fields that are out of range.
    pub fn validate(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        problems.into_result(name)
    }

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(self.max_concurrent > 0, "max_concurrent", self.max_concurrent, "at least 1");
        problems.require(
            self.queue_timeout != Some(Duration::ZERO),
            "queue_timeout",
            Duration::ZERO,
            "longer than 0s, or absent; `max_queued = 0` forbids waiting",
        );
    }
}
