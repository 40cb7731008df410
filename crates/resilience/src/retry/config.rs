use super::{Backoff, Jitter};
use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// How often, and how far apart.
///
/// The pause before attempt `n + 1` is `min(initial × growth, max)`, where `backoff` says how it grows, by default by
/// `multiplierⁿ⁻¹`; of it `jitter` takes its share away. So a pause never exceeds `max`, unless the callee asked for a
/// longer one. Default: [`STANDARD`](Self::STANDARD).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RetryConfig {
    /// Attempts in all, the first included. Default 5; at least 1.
    pub max_attempts: u32,
    /// How pauses grow. Default [`Backoff::Exponential`].
    pub backoff: Backoff,
    /// The first pause, before jitter. Default 500 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub initial: Duration,
    /// No pause is longer. Default 10 s; at least `initial`.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub max: Duration,
    /// Each exponential pause is this many times the one before. Default 2; 1 to 100.
    pub multiplier: f64,
    /// Default [`Jitter::Equal`].
    pub jitter: Jitter,
    /// An attempt that takes longer is dropped and has failed with [`Error::Timeout`](crate::Error::Timeout). Default: no
    /// limit; longer than 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub attempt_timeout: Option<Duration>,
    /// No attempt starts later than this after the first. Default: no limit; longer than 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub max_elapsed: Option<Duration>,
    /// Where the callee asks to be left alone for longer, the series ends at once. Default 60 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub max_retry_after: Duration,
    /// Makes the jitter repeatable. Default: drawn for each policy.
    pub seed: Option<u64>,
    /// Counts the calls that it would try again, and tries none again nor limits an attempt. Default no.
    pub shadow: bool,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self::STANDARD
    }
}

impl RetryConfig {
    /// 3 attempts, 100 ms to 1 s apart: calls inside the data centre.
    pub const FAST: Self = Self::preset(3, 100, 1_000);
    /// 5 attempts, 500 ms to 10 s apart.
    pub const STANDARD: Self = Self::preset(5, 500, 10_000);
    /// 10 attempts, 200 ms to 30 s apart: background work that must get there.
    pub const AGGRESSIVE: Self = Self::preset(10, 200, 30_000);
    /// One attempt, never a second.
    pub const NONE: Self = Self::preset(1, 0, 0);

    const fn preset(max_attempts: u32, initial_ms: u64, max_ms: u64) -> Self {
        Self {
            max_attempts,
            backoff: Backoff::Exponential,
            initial: Duration::from_millis(initial_ms),
            max: Duration::from_millis(max_ms),
            multiplier: 2.0,
            jitter: Jitter::Equal,
            attempt_timeout: None,
            max_elapsed: None,
            max_retry_after: Duration::from_secs(60),
            seed: None,
            shadow: false,
        }
    }

    setters! {
        /// Sets the attempts in all, the first included. At least 1.
        max_attempts: u32,
        /// Sets how pauses grow. Default [`Backoff::Exponential`].
        backoff: Backoff,
        /// Sets the first pause, before jitter.
        initial: Duration,
        /// Sets the longest pause; at least `initial`.
        max: Duration,
        /// Sets how many times longer each exponential pause is than the one before. Default 2; 1 to 100.
        multiplier: f64,
        /// Sets how much of a pause is left to chance.
        jitter: Jitter,
        /// Sets the longest pause that a callee may ask for. Default 60 s.
        max_retry_after: Duration,
        /// Sets whether it only counts. Default no.
        shadow: bool,
        /// Sets how long an attempt may take; `None` for no limit, the default.
        attempt_timeout: impl Into<Option<Duration>>,
        /// Sets how long after the first attempt another may start; `None` for no limit, the default.
        max_elapsed: impl Into<Option<Duration>>,
        /// Makes the jitter repeatable.
        seed: u64,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(self.max_attempts > 0, "max_attempts", self.max_attempts, "at least 1");
        problems.require(self.max >= self.initial, "max", self.max, "at least `initial`");
        let multiplier = self.multiplier;
        problems.require((1.0..=100.0).contains(&multiplier), "multiplier", multiplier, "1 to 100");
        for (field, limit) in [("attempt_timeout", self.attempt_timeout), ("max_elapsed", self.max_elapsed)] {
            problems.require(limit != Some(Duration::ZERO), field, Duration::ZERO, "longer than 0s");
        }
    }
}
