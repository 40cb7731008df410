use super::{Algorithm, PriorityShares};
use crate::{
    Verdict,
    bulkhead::{Discipline, MAX_LIMIT, Rules},
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// How the limit is found, between which bounds, and what becomes of calls over it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct AdaptiveConfig {
    /// How the limit is found. Default [`Algorithm::GRADIENT`].
    pub algorithm: Algorithm,
    /// The limit to begin with. Default 20; `min_limit` to `max_limit`.
    pub initial_limit: usize,
    /// The limit never falls below this. Default 1; at least 1.
    pub min_limit: usize,
    /// The limit never rises above this. Default 200; `min_limit` to 2,147,483,647.
    pub max_limit: usize,
    /// A call that takes longer tells of overload, however it ends. Default 5 s; above 0, or none.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub timeout: Option<Duration>,
    /// What a call tells that was dropped in flight, unless it ran longer than `timeout`. Default
    /// [`Verdict::Ignore`]: callers go away for reasons of their own.
    pub abandoned: Verdict,
    /// Shortest time between two decisions. Default 500 ms; 1 ms to an hour.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub window: Duration,
    /// Fewest calls for a decision. A window that has fewer when ten times its length has passed is thrown away.
    /// Default 20; at least 1.
    pub min_samples: u32,
    /// Calls that may wait for a place. Default 0: calls over the limit are shed at once.
    pub max_queued: usize,
    /// Longest wait for a place. Default: none, the caller's own deadline decides.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub queue_timeout: Option<Duration>,
    /// Who in the queue is next, among those of the same priority. Default [`Discipline::Fifo`].
    pub discipline: Discipline,
    /// Up to which part of the limit each priority is let in. Default all of it.
    pub shares: PriorityShares,
    /// Finds the limit, lets every call in at once, and counts those that would have been turned away. Default no.
    pub shadow: bool,
    /// Makes the times of probes repeatable. Default: drawn for each policy.
    pub seed: Option<u64>,
}

impl Default for AdaptiveConfig {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::GRADIENT,
            initial_limit: 20,
            min_limit: 1,
            max_limit: 200,
            timeout: Some(Duration::from_secs(5)),
            abandoned: Verdict::Ignore,
            window: Duration::from_millis(500),
            min_samples: 20,
            max_queued: 0,
            queue_timeout: None,
            discipline: Discipline::Fifo,
            shares: PriorityShares::WHOLE,
            shadow: false,
            seed: None,
        }
    }
}

impl AdaptiveConfig {
    setters! {
        /// Sets how the limit is found. Default [`Algorithm::GRADIENT`].
        algorithm: Algorithm,
        /// Sets the limit to begin with. Default 20; `min_limit` to `max_limit`.
        initial_limit: usize,
        /// Sets the lowest limit. Default 1; at least 1.
        min_limit: usize,
        /// Sets the highest limit. Default 200; `min_limit` to 2,147,483,647.
        max_limit: usize,
        /// Sets from what latency on a call tells of overload. Default 5 s; above 0, or none.
        timeout: impl Into<Option<Duration>>,
        /// Sets what a call tells that was dropped in flight before `timeout`. Default [`Verdict::Ignore`].
        abandoned: Verdict,
        /// Sets the shortest time between two decisions. Default 500 ms; 1 ms to an hour.
        window: Duration,
        /// Sets the fewest calls for a decision. Default 20; at least 1.
        min_samples: u32,
        /// Sets the calls that may wait for a place. Default 0: calls over the limit are shed at once.
        max_queued: usize,
        /// Sets the longest wait for a place. Default: none.
        queue_timeout: impl Into<Option<Duration>>,
        /// Sets who in the queue is next. Default [`Discipline::Fifo`].
        discipline: Discipline,
        /// Sets up to which part of the limit each priority is let in. Default all of it.
        shares: PriorityShares,
        /// Sets whether it only finds the limit and counts. Default no.
        shadow: bool,
        /// Makes the times of probes repeatable. Default: drawn for each policy.
        seed: u64,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        let (least, most) = (self.min_limit, self.max_limit);
        problems.require(least > 0, "min_limit", least, "at least 1");
        let in_range = (least..=MAX_LIMIT).contains(&most);
        problems.require(in_range, "max_limit", most, "`min_limit` to 2147483647");
        let initial = self.initial_limit;
        let in_range = (least..=most).contains(&initial);
        problems.require(in_range, "initial_limit", initial, "`min_limit` to `max_limit`");
        for (field, value) in [("timeout", self.timeout), ("queue_timeout", self.queue_timeout)] {
            problems.require(
                value != Some(Duration::ZERO),
                field,
                Duration::ZERO,
                "longer than 0s, or absent",
            );
        }
        let window = self.window;
        let in_range = (Duration::from_millis(1)..=Duration::from_secs(3_600)).contains(&window);
        problems.require(in_range, "window", window, "1ms to 1h");
        problems.require(self.min_samples > 0, "min_samples", self.min_samples, "at least 1");
        self.algorithm.check(problems);
        self.discipline.check(problems);
        self.shares.check(problems);
    }

    pub(super) fn rules(&self) -> Rules {
        Rules { max_queued: self.max_queued, discipline: self.discipline, shadow: self.shadow }
    }
}
