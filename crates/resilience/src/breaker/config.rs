use super::window::CountWindow;
use crate::{
    Verdict,
    config_error::{A_YEAR, Problems},
    config_macros::{setters, validated},
};
use std::time::Duration;

/// Over which calls a breaker judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Window {
    /// Failures in a row; a success begins the count anew. In configuration: `"consecutive"`.
    #[default]
    Consecutive,
    /// The last so many calls, 1 to 16,384. In configuration: `{ "count": 100 }`.
    Count(u32),
    /// The last so long, 10 ms to an hour, in steps of a tenth. In configuration: `{ "time": "60s" }`.
    Time(
        #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        Duration,
    ),
}

/// When a breaker opens, for how long, and what closes it again.
///
/// Defaults, as in the report mainstay starts from: 5 consecutive failures open it, 60 s pass before the first probe,
/// 2 successful probes close it, one probe at a time. A probe that never ends loses its place after 60 s.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// Over which calls it judges. Default [`Window::Consecutive`].
    pub window: Window,
    /// Consecutive failures that open it, where there is no window. Default 5; at least 1.
    pub failure_threshold: u32,
    /// The share of the calls in the window that must fail to open it. Default 0.5; above 0, at most 1.
    pub failure_rate: f64,
    /// The share of the calls in the window that must be slow to open it. Default: none; above 0, at most 1.
    pub slow_call_rate: Option<f64>,
    /// What is slow: more than this from when the call first had to wait. Default 5 s; 1 ms to a year.
    ///
    /// A call that is ready when first polled is never slow. Where `slow_call_rate` is set, a slow probe is a failed one.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub slow_call_after: Duration,
    /// Calls there must be in the window before a rate counts. Default 20; at least 1, at most the window's size.
    pub minimum_calls: u32,
    /// Successful probes that close it. Default 2; 1 to 65,535.
    pub success_threshold: u16,
    /// Time from opening to the first probe. Default 60 s; 1 ms to a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub open_for: Duration,
    /// Each time it opens again without having closed, it stays open this many times as long. Default 1; 1 to 100.
    pub open_backoff: f64,
    /// It never stays open longer. Default 10 min; at most a year; where `open_for` is longer, that counts.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub open_for_max: Duration,
    /// The share of the open time that is left to chance, so that breakers that opened together do not probe together.
    /// Default 0; 0 to 1: at 0.2 it stays open for 80 % to 100 % of its time.
    pub open_jitter: f64,
    /// Probes that may be out at once. Default 1; 1 to 65,535.
    pub max_probes: u16,
    /// How long a probe may stay out before its place is given to another. Default 60 s; 1 ms to a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub probe_lease: Duration,
    /// The shares of calls that pass after the probes succeeded, one step after the other, before it closes. Default
    /// none: it closes at once. Each above 0, at most 1, none smaller than the one before; for example
    /// `[0.01, 0.05, 0.25]`.
    pub ramp: Vec<f64>,
    /// How long each step of the ramp lasts. Default 10 s; 1 ms to a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub ramp_step: Duration,
    /// What a call counts as that its caller dropped in flight. Default [`Verdict::Ignore`].
    ///
    /// Where a timeout stands *outside* the breaker, set [`Verdict::Failure`], or set `slow_call_rate`, which counts
    /// dropped calls that were slow: otherwise a callee that never answers is never seen to fail.
    pub abandoned: Verdict,
    /// Judges and counts, and lets every call through. Default no.
    pub shadow: bool,
    /// Makes the jitter repeatable. Default: drawn for each breaker.
    pub seed: Option<u64>,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            window: Window::Consecutive,
            failure_threshold: 5,
            failure_rate: 0.5,
            slow_call_rate: None,
            slow_call_after: Duration::from_secs(5),
            minimum_calls: 20,
            success_threshold: 2,
            open_for: Duration::from_secs(60),
            open_backoff: 1.0,
            open_for_max: Duration::from_secs(600),
            open_jitter: 0.0,
            max_probes: 1,
            probe_lease: Duration::from_secs(60),
            ramp: Vec::new(),
            ramp_step: Duration::from_secs(10),
            abandoned: Verdict::Ignore,
            shadow: false,
            seed: None,
        }
    }
}

impl BreakerConfig {
    setters! {
        /// Sets over which calls it judges. Default [`Window::Consecutive`].
        window: Window,
        /// Sets the consecutive failures that open it. Default 5; at least 1.
        failure_threshold: u32,
        /// Sets the share of failures in the window that opens it. Default 0.5; above 0, at most 1.
        failure_rate: f64,
        /// Sets what is slow. Default 5 s; 1 ms to a year.
        slow_call_after: Duration,
        /// Sets the calls there must be in the window before a rate counts. Default 20; at least 1.
        minimum_calls: u32,
        /// Sets the successful probes that close it. Default 2; at least 1.
        success_threshold: u16,
        /// Sets the time from opening to the first probe. Default 60 s; 1 ms to a year.
        open_for: Duration,
        /// Sets how many times longer it stays open each time it opens again. Default 1; 1 to 100.
        open_backoff: f64,
        /// Sets the longest open time. Default 10 min; at most a year.
        open_for_max: Duration,
        /// Sets the share of the open time that is left to chance. Default 0; 0 to 1.
        open_jitter: f64,
        /// Sets the probes that may be out at once. Default 1; at least 1.
        max_probes: u16,
        /// Sets how long a probe may stay out before its place is given to another. Default 60 s; 1 ms to a year.
        probe_lease: Duration,
        /// Sets how long each step of the ramp lasts. Default 10 s; 1 ms to a year.
        ramp_step: Duration,
        /// Sets what a call counts as that its caller dropped in flight. Default [`Verdict::Ignore`].
        abandoned: Verdict,
        /// Sets whether it only judges and counts. Default no.
        shadow: bool,
        /// Sets the share of slow calls in the window that opens it. Default none; above 0, at most 1.
        slow_call_rate: impl Into<Option<f64>>,
        /// Makes the jitter repeatable.
        seed: u64,
    }

    /// Sets the shares of calls that pass, step by step, before it closes. Default none; rising, above 0, at most 1.
    #[must_use]
    pub fn ramp(mut self, shares: impl Into<Vec<f64>>) -> Self {
        self.ramp = shares.into();
        self
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        let is_share = |rate: f64| rate > 0.0 && rate <= 1.0;
        let share = "above 0, at most 1";
        match self.window {
            Window::Consecutive => {}
            Window::Count(size) => {
                let fits = (1..=CountWindow::MAX).contains(&size);
                problems.require(fits, "window.count", size, "1 to 16384");
                let reachable = self.minimum_calls <= size;
                let allowed = "at most the size of the window, or no rate ever counts";
                problems.require(reachable, "minimum_calls", self.minimum_calls, allowed);
            }
            Window::Time(span) => {
                let fits = (Duration::from_millis(10)..=Duration::from_secs(3600)).contains(&span);
                problems.require(fits, "window.time", span, "10ms to 1h");
            }
        }
        problems.require(
            self.failure_threshold > 0,
            "failure_threshold",
            self.failure_threshold,
            "at least 1",
        );
        problems.require(is_share(self.failure_rate), "failure_rate", self.failure_rate, share);
        if let Some(rate) = self.slow_call_rate {
            problems.require(is_share(rate), "slow_call_rate", rate, share);
            let windowed = self.window != Window::Consecutive;
            problems.require(windowed, "slow_call_rate", rate, "absent where `window` is \"consecutive\"");
        }
        problems.require(self.minimum_calls > 0, "minimum_calls", self.minimum_calls, "at least 1");
        problems.require(
            self.success_threshold > 0,
            "success_threshold",
            self.success_threshold,
            "1 to 65535",
        );
        problems.require(self.max_probes > 0, "max_probes", self.max_probes, "1 to 65535");
        let backoff = self.open_backoff;
        problems.require((1.0..=100.0).contains(&backoff), "open_backoff", backoff, "1 to 100");
        problems.require((0.0..=1.0).contains(&self.open_jitter), "open_jitter", self.open_jitter, "0 to 1");
        let rising = self.ramp.iter().all(|share| is_share(*share)) && self.ramp.is_sorted();
        problems.require(rising, "ramp", &self.ramp, "rising shares, each above 0, at most 1");
        for (field, value) in [
            ("open_for", self.open_for),
            ("open_for_max", self.open_for_max),
            ("probe_lease", self.probe_lease),
            ("slow_call_after", self.slow_call_after),
            ("ramp_step", self.ramp_step),
        ] {
            let in_range = (Duration::from_millis(1)..=A_YEAR).contains(&value);
            problems.require(in_range, field, value, "1ms to 365d");
        }
    }
}
