use super::{Discipline, MAX_LIMIT, Rules};
use crate::{
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// How many calls may run at once and how many may wait. Default: [`NORMAL`](Self::NORMAL).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BulkheadConfig {
    /// Calls that may run at once. Default 10; 1 to 2,147,483,647.
    pub max_concurrent: usize,
    /// Calls that may wait for a place. Default 100; 0 turns callers away at once.
    pub max_queued: usize,
    /// Longest wait for a place. Default: none, the caller's own deadline decides.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub queue_timeout: Option<Duration>,
    /// Who in the queue is next, among those of the same priority. Default [`Discipline::Fifo`].
    pub discipline: Discipline,
    /// Lets every call in at once, and counts those that would have been turned away. Default no.
    pub shadow: bool,
}

impl Default for BulkheadConfig {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl BulkheadConfig {
    /// 20 at once, 50 queued: quick calls.
    pub const FAST: Self = Self::preset(20, 50);
    /// 10 at once, 100 queued.
    pub const NORMAL: Self = Self::preset(10, 100);
    /// 5 at once, 200 queued: slow calls.
    pub const SLOW: Self = Self::preset(5, 200);
    /// 8 at once, 150 queued: somebody else's API.
    pub const EXTERNAL_API: Self = Self::preset(8, 150);
    /// 15 at once, 300 queued: a database.
    pub const DATABASE: Self = Self::preset(15, 300);
    /// 2 at once, 50 queued, at most 120 s in the queue: model training and inference.
    pub const ML_OPERATIONS: Self =
        Self { queue_timeout: Some(Duration::from_secs(120)), ..Self::preset(2, 50) };

    const fn preset(max_concurrent: usize, max_queued: usize) -> Self {
        Self { max_concurrent, max_queued, queue_timeout: None, discipline: Discipline::Fifo, shadow: false }
    }

    setters! {
        /// Sets the calls that may run at once. 1 to 2,147,483,647.
        max_concurrent: usize,
        /// Sets the calls that may wait; 0 turns callers away at once.
        max_queued: usize,
        /// Sets who in the queue is next, among those of the same priority. Default [`Discipline::Fifo`].
        discipline: Discipline,
        /// Sets whether it only counts. Default no.
        shadow: bool,
        /// Sets the longest wait for a place. Default: none.
        queue_timeout: impl Into<Option<Duration>>,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        let concurrent = self.max_concurrent;
        let allowed = (1..=MAX_LIMIT).contains(&concurrent);
        problems.require(allowed, "max_concurrent", concurrent, "1 to 2147483647");
        problems.require(
            self.queue_timeout != Some(Duration::ZERO),
            "queue_timeout",
            Duration::ZERO,
            "longer than 0s, or absent; `max_queued = 0` forbids waiting",
        );
        self.discipline.check(problems);
    }

    pub(super) fn rules(&self) -> Rules {
        Rules { max_queued: self.max_queued, discipline: self.discipline, shadow: self.shadow }
    }
}
