use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

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
    setters! {
        /// Sets how many requests may be in flight at once. Default 1024; at least 1.
        max_in_flight: usize,
        /// Sets when those turned away are told to come back. Default 1 s.
        retry_after: Duration,
        /// Sets whether it only counts. Default no.
        shadow: bool,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(self.max_in_flight > 0, "max_in_flight", self.max_in_flight, "at least 1");
    }
}
