use super::Rate;
use crate::{
    config_error::{A_YEAR, Problems},
    config_macros::{setters, validated},
};
use std::time::Duration;

/// At what rate calls may start, how many at once after a quiet time, and how long one may wait for its turn.
///
/// Default: 100 calls a second, all of them at once if need be, and who comes too early is turned away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RateLimitConfig {
    /// The rate that holds in the long run. Default 100 calls in 1 s.
    pub rate: Rate,
    /// Calls that may start at once after a quiet time. Default: as many as `rate.calls`; at least 1, which spaces every
    /// two calls.
    pub burst: Option<u32>,
    /// Longest wait for a turn. Default 0, which turns away at once; at most a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub max_wait: Duration,
    /// Counts the calls that it would turn away, and lets all through at once. Default no.
    pub shadow: bool,
}

impl From<Rate> for RateLimitConfig {
    fn from(rate: Rate) -> Self {
        Self { rate, ..Self::default() }
    }
}

impl RateLimitConfig {
    setters! {
        /// Sets the rate that holds in the long run. Default 100 calls in 1 s.
        rate: Rate,
        /// Sets the longest wait for a turn. Default 0, which turns away at once; at most a year.
        max_wait: Duration,
        /// Sets whether it only counts. Default no.
        shadow: bool,
        /// Sets the calls that may start at once after a quiet time. Default: as many as the rate has calls; at least 1.
        burst: impl Into<Option<u32>>,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        let Rate { calls, per } = self.rate;
        problems.require(!per.is_zero() && per <= A_YEAR, "rate.per", per, "above 0s, at most 365d");
        let one_a_nanosecond = u128::from(calls) <= per.as_nanos();
        problems.require(
            calls > 0 && (one_a_nanosecond || per.is_zero()),
            "rate.calls",
            calls,
            "at least 1, at most one a nanosecond",
        );
        problems.require(
            self.burst != Some(0),
            "burst",
            0,
            "at least 1, or absent for as many as `rate.calls`",
        );
        problems.require(self.max_wait <= A_YEAR, "max_wait", self.max_wait, "at most 365d");
    }
}
