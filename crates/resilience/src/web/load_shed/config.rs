use crate::{ConfigError, config_error::Problems};
use std::{sync::Arc, time::Duration};

/// How many requests a server takes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct LoadShedConfig {
    /// Requests in flight at once, to the end of their bodies. Default 1024; at least 1.
    pub max_in_flight: usize,
    /// When those turned away are told to come back. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub retry_after: Duration,
    /// Counts those that are too many, and turns none away. Default no.
    pub shadow: bool,
}

impl Default for LoadShedConfig {
    fn default() -> Self {
        Self { max_in_flight: 1024, retry_after: Duration::from_secs(1), shadow: false }
    }
}

impl LoadShedConfig {
    /// Sets how many requests may be in flight at once. Default 1024; at least 1.
    #[must_use]
    pub fn max_in_flight(mut self, max_in_flight: usize) -> Self {
        self.max_in_flight = max_in_flight;
        self
    }

    /// Sets when those turned away are told to come back. Default 1 s.
    #[must_use]
    pub fn retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// Sets whether it only counts. Default no.
    #[must_use]
    pub fn shadow(mut self, shadow: bool) -> Self {
        self.shadow = shadow;
        self
    }

    /// Checks every field; `name` is the load shed's name in the error.
    ///
    /// # Errors
    /// All fields that are out of range.
    pub fn validate(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        problems.into_result(name)
    }

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(self.max_in_flight > 0, "max_in_flight", self.max_in_flight, "at least 1");
    }
}
