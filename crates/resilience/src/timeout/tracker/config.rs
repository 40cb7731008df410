use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// What a [`Tracker`](super::Tracker) remembers. Default: the last minute of up to 64 endpoints, the last 100 calls slower
/// than 5 s.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct TrackerConfig {
    /// How far back statistics reach. Default 60 s; 1 s to a day.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub window: Duration,
    /// Parts of the window that are forgotten as a whole, the oldest first: with 6, statistics reach back between 50 and 60 s
    /// of a minute. Default 6; 1 to 60.
    pub sub_windows: usize,
    /// Endpoints that are told apart; those seen later are counted together as `other`. Default 64; 1 to 1024.
    ///
    /// An endpoint takes at most 14 KB a sub-window, and nothing for one in which it was not called since the start.
    pub max_endpoints: usize,
    /// Longer than this is slow. Default 5 s; above 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub slow_after: Duration,
    /// Slow calls that are kept, the latest. Default 100; at most 10,000.
    pub slow_log: usize,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            sub_windows: 6,
            max_endpoints: 64,
            slow_after: Duration::from_secs(5),
            slow_log: 100,
        }
    }
}

impl TrackerConfig {
    setters! {
        /// Sets how far back statistics reach. Default 60 s; 1 s to a day.
        window: Duration,
        /// Sets into how many parts the window is cut. Default 6; 1 to 60.
        sub_windows: usize,
        /// Sets how many endpoints are told apart. Default 64; 1 to 1024.
        max_endpoints: usize,
        /// Sets what is slow. Default: longer than 5 s; above 0.
        slow_after: Duration,
        /// Sets how many slow calls are kept. Default 100; at most 10,000.
        slow_log: usize,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        let day = Duration::from_secs(24 * 60 * 60);
        let window = (Duration::from_secs(1)..=day).contains(&self.window);
        problems.require(window, "window", self.window, "1s to 1 day");
        problems.require((1..=60).contains(&self.sub_windows), "sub_windows", self.sub_windows, "1 to 60");
        let endpoints = (1..=1024).contains(&self.max_endpoints);
        problems.require(endpoints, "max_endpoints", self.max_endpoints, "1 to 1024");
        problems.require(!self.slow_after.is_zero(), "slow_after", self.slow_after, "longer than 0s");
        problems.require(self.slow_log <= 10_000, "slow_log", self.slow_log, "at most 10000");
    }
}
