use super::Injection;
use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// What is injected how often. Default: nothing, and not enabled.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ChaosConfig {
    /// Whether anything is injected at all. Default no.
    pub enabled: bool,
    /// Draws and counts, and injects nothing. Default no.
    pub shadow: bool,
    /// Makes the draws repeatable: the `n`th call is dealt the same each time. Default: drawn for each policy.
    pub seed: Option<u64>,
    /// Disturbs only calls of these labels. Default: none, which means all calls.
    pub labels: Vec<String>,
    /// How often a call is delayed, before anything else. Default never.
    pub latency: Injection,
    /// By how much. Default 1 s.
    pub delay: Delay,
    /// How often a call panics instead of running. Default never.
    pub panic: Injection,
    /// How often a call fails instead of running, with what [`Chaos::fault`](super::Chaos::fault) makes. Default never.
    pub fault: Injection,
    /// How often a call answers instead of running, with what [`Chaos::outcome`](super::Chaos::outcome) makes. Default
    /// never.
    pub outcome: Injection,
}

/// How long a delay is: evenly drawn between two bounds. Default 1 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Delay {
    /// The shortest. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub min: Duration,
    /// The longest. Default 1 s; at least `min`.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub max: Duration,
}

impl Default for Delay {
    fn default() -> Self {
        Duration::from_secs(1).into()
    }
}

impl From<Duration> for Delay {
    fn from(fixed: Duration) -> Self {
        Self { min: fixed, max: fixed }
    }
}

impl From<std::ops::RangeInclusive<Duration>> for Delay {
    fn from(range: std::ops::RangeInclusive<Duration>) -> Self {
        Self { min: *range.start(), max: *range.end() }
    }
}

impl ChaosConfig {
    setters! {
        /// Sets whether anything is injected at all. Default no.
        enabled: bool,
        /// Sets whether it only draws and counts. Default no.
        shadow: bool,
        /// Sets how often a call panics instead of running.
        panic: Injection,
        /// Sets how often a call fails instead of running.
        fault: Injection,
        /// Sets how often a call answers instead of running.
        outcome: Injection,
        /// Makes the draws repeatable.
        seed: u64,
    }

    /// Disturbs calls of this label, and of those set before, and no others.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Sets how often a call is delayed, and by how much: a duration or an inclusive range.
    #[must_use]
    pub fn latency(mut self, injection: Injection, delay: impl Into<Delay>) -> Self {
        self.latency = injection;
        self.delay = delay.into();
        self
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        self.latency.check("latency", problems);
        problems.require(
            self.delay.max >= self.delay.min,
            "delay.max",
            self.delay.max,
            "at least `delay.min`",
        );
        self.panic.check("panic", problems);
        self.fault.check("fault", problems);
        self.outcome.check("outcome", problems);
    }
}
