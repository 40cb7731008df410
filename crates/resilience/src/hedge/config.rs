use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// When a call is copied, and how often.
///
/// Default: one copy after two seconds, as in Polly.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct HedgeConfig {
    /// Time without an answer until the next copy starts; 0 starts all of them as soon as the call has to wait. Default 2 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub delay: Duration,
    /// Take for the delay what this share of calls stays below, as observed: 0.95 copies the slowest twentieth. `delay`
    /// serves until enough has been observed. Default: not observed; above 0, below 1.
    pub percentile: Option<f64>,
    /// How far back calls are observed. Default 60 s; at least 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub window: Duration,
    /// Calls that have to be observed before `percentile` counts. Default 100; at least 1.
    pub min_calls: u32,
    /// Copies beside the call itself. Default 1; 1 to 10.
    pub max_copies: u32,
    /// Starts a copy only when all that run have failed, however long they take. Default no.
    pub only_after_failure: bool,
    /// Counts the copies it would start, and starts none. Default no.
    pub shadow: bool,
}

impl Default for HedgeConfig {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(2),
            percentile: None,
            window: Duration::from_secs(60),
            min_calls: 100,
            max_copies: 1,
            only_after_failure: false,
            shadow: false,
        }
    }
}

impl HedgeConfig {
    setters! {
        /// Sets the time without an answer until the next copy starts. Default 2 s.
        delay: Duration,
        /// Sets how far back calls are observed. Default 60 s; at least 1 s.
        window: Duration,
        /// Sets how many calls have to be observed before `percentile` counts. Default 100; at least 1.
        min_calls: u32,
        /// Sets the copies beside the call itself. Default 1; 1 to 10.
        max_copies: u32,
        /// Sets whether a copy starts only when all that run have failed. Default no.
        only_after_failure: bool,
        /// Sets whether it only counts. Default no.
        shadow: bool,
        /// Takes for the delay what this share of calls stays below, as observed. Above 0, below 1; `None`, the default, for
        /// a fixed delay.
        percentile: impl Into<Option<f64>>,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        if let Some(percentile) = self.percentile {
            let holds = percentile > 0.0 && percentile < 1.0;
            problems.require(holds, "percentile", percentile, "above 0 and below 1");
        }
        problems.require(self.window >= Duration::from_secs(1), "window", self.window, "at least 1s");
        problems.require(self.min_calls > 0, "min_calls", self.min_calls, "at least 1");
        problems.require((1..=10).contains(&self.max_copies), "max_copies", self.max_copies, "1 to 10");
    }
}
