use crate::{
    Verdict,
    config_error::{A_YEAR, Problems},
    config_macros::{setters, validated},
};
use std::time::Duration;

/// How endpoints take turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Strategy {
    /// One after the other.
    #[default]
    RoundRobin,
    /// Of two drawn at random, the one with fewer calls in flight: keeps away from slow endpoints without comparing all.
    TwoChoices,
}

/// What happens to a call when no endpoint is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum WhenNone {
    /// It is shed.
    #[default]
    Shed,
    /// All endpoints are used as if none were ejected: a bad answer may be better than none.
    UseAll,
}

/// Who is an outlier, for how long it is out, and how many may be out.
///
/// Defaults are Envoy's, where it has the setting: 5 failures in a row, out for 30 s times the number of ejections, 300 s
/// at most; except that half the endpoints may be out (Envoy: a tenth), since a set of five could otherwise lose none.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct OutliersConfig {
    /// Failures in a row that make an outlier. Default 5; at least 1, or absent for never.
    pub consecutive_failures: Option<u32>,
    /// The share of failures in the window from which on an endpoint is an outlier. Default 0.85; above 0, at most 1, or
    /// absent for never.
    pub failure_rate: Option<f64>,
    /// How many standard deviations an endpoint's success rate may lie below the mean of all that have enough calls.
    /// Default: absent, never; above 0. Asks for at least 5 endpoints with enough calls. Envoy's is 1.9.
    pub deviation: Option<f64>,
    /// The window of the two rates. Default 10 s; 10 ms to a day.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub window: Duration,
    /// Calls in the window below which rates say nothing. Default 50; at least 1.
    pub min_calls: u32,
    /// How long the first ejection lasts; the `n`th lasts `n` times that, and each such time spent in the set forgives
    /// one. Default 30 s; 1 ms to a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub base_ejection: Duration,
    /// No ejection lasts longer. Default 300 s; at least `base_ejection`, at most a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub max_ejection: Duration,
    /// Most endpoints out at once, in percent of all, rounded down. Default 50; 0 to 100.
    pub max_ejected_percent: u8,
    /// Whether even the last endpoint may be ejected. Default no: one always stays in.
    pub allow_none: bool,
    /// What happens to a call when no endpoint is in. Default [`WhenNone::Shed`].
    pub when_none: WhenNone,
    /// How endpoints take turns. Default [`Strategy::RoundRobin`].
    pub strategy: Strategy,
    /// What a call counts as that its caller dropped in flight. Default [`Verdict::Ignore`].
    pub abandoned: Verdict,
    /// How long a trial may take before another call may try. Default 60 s; 1 ms to a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub trial_lease: Duration,
    /// Makes [`Strategy::TwoChoices`] repeatable. Default: drawn for each set.
    pub seed: Option<u64>,
    /// Counts the ejections, and ejects nobody. Default no.
    pub shadow: bool,
}

impl Default for OutliersConfig {
    fn default() -> Self {
        Self {
            consecutive_failures: Some(5),
            failure_rate: Some(0.85),
            deviation: None,
            window: Duration::from_secs(10),
            min_calls: 50,
            base_ejection: Duration::from_secs(30),
            max_ejection: Duration::from_secs(300),
            max_ejected_percent: 50,
            allow_none: false,
            when_none: WhenNone::Shed,
            strategy: Strategy::RoundRobin,
            abandoned: Verdict::Ignore,
            trial_lease: Duration::from_secs(60),
            seed: None,
            shadow: false,
        }
    }
}

const A_DAY: Duration = Duration::from_secs(24 * 3600);

impl OutliersConfig {
    setters! {
        /// Sets the failures in a row that make an outlier. Default 5; at least 1, or `None` for never.
        consecutive_failures: impl Into<Option<u32>>,
        /// Sets the share of failures in the window that makes an outlier. Default 0.85; above 0, at most 1, or `None`.
        failure_rate: impl Into<Option<f64>>,
        /// Sets how many standard deviations a success rate may lie below the mean. Default `None`; above 0.
        deviation: impl Into<Option<f64>>,
        /// Sets the window of the rates. Default 10 s; 10 ms to a day.
        window: Duration,
        /// Sets the calls in the window below which rates say nothing. Default 50; at least 1.
        min_calls: u32,
        /// Sets how long the first ejection lasts. Default 30 s; 1 ms to a year.
        base_ejection: Duration,
        /// Sets the longest ejection. Default 300 s; at least `base_ejection`.
        max_ejection: Duration,
        /// Sets the most endpoints out at once, in percent of all, rounded down. Default 50; 0 to 100.
        max_ejected_percent: u8,
        /// Sets whether even the last endpoint may be ejected. Default no.
        allow_none: bool,
        /// Sets what happens to a call when no endpoint is in. Default [`WhenNone::Shed`].
        when_none: WhenNone,
        /// Sets how endpoints take turns. Default [`Strategy::RoundRobin`].
        strategy: Strategy,
        /// Sets what a call counts as that its caller dropped in flight. Default [`Verdict::Ignore`].
        abandoned: Verdict,
        /// Sets how long a trial may take before another call may try. Default 60 s; 1 ms to a year.
        trial_lease: Duration,
        /// Makes [`Strategy::TwoChoices`] repeatable. Default: drawn for each set.
        seed: impl Into<Option<u64>>,
        /// Sets whether it only counts. Default no.
        shadow: bool,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        let a_share = |rate: f64| rate > 0.0 && rate <= 1.0;
        problems.require(
            self.consecutive_failures != Some(0),
            "consecutive_failures",
            0,
            "at least 1, or absent for never",
        );
        problems.require(
            self.failure_rate.is_none_or(a_share),
            "failure_rate",
            self.failure_rate,
            "above 0, at most 1, or absent for never",
        );
        problems.require(
            self.deviation.is_none_or(|deviations| deviations > 0.0),
            "deviation",
            self.deviation,
            "above 0, or absent for never",
        );
        let window = Duration::from_millis(10)..=A_DAY;
        problems.require(window.contains(&self.window), "window", self.window, "10ms to 1d");
        problems.require(self.min_calls > 0, "min_calls", self.min_calls, "at least 1");
        for (field, value) in [("base_ejection", self.base_ejection), ("trial_lease", self.trial_lease)] {
            let in_range = (Duration::from_millis(1)..=A_YEAR).contains(&value);
            problems.require(in_range, field, value, "1ms to 365d");
        }
        let longest = self.max_ejection;
        let in_order = longest >= self.base_ejection && longest <= A_YEAR;
        problems.require(in_order, "max_ejection", longest, "at least `base_ejection`, at most 365d");
        let percent = self.max_ejected_percent;
        problems.require(percent <= 100, "max_ejected_percent", percent, "0 to 100");
    }
}
