use crate::{ConfigError, Verdict, config_error::Problems};
use std::{sync::Arc, time::Duration};

/// When a breaker opens, for how long, and what closes it again.
///
/// Defaults, as in the report mainstay starts from: 5 consecutive failures open it, 60 s pass before the first probe,
/// 2 successful probes close it, one probe at a time. A probe that never ends loses its place after 60 s.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// Consecutive failures that open it. Default 5; at least 1.
    pub failure_threshold: u32,
    /// Successful probes that close it. Default 2; 1 to 65,535.
    pub success_threshold: u16,
    /// Time from opening to the first probe. Default 60 s; at least 1 ms, at most a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub open_for: Duration,
    /// Probes that may be out at once. Default 1; 1 to 65,535.
    pub max_probes: u16,
    /// How long a probe may stay out before its place is given to another. Default 60 s; at least 1 ms, at most a year.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub probe_lease: Duration,
    /// What a call counts as that its caller dropped in flight. Default [`Verdict::Ignore`].
    ///
    /// Where a timeout stands *outside* the breaker, set [`Verdict::Failure`]: otherwise a callee that never answers is
    /// never seen to fail.
    pub abandoned: Verdict,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            success_threshold: 2,
            open_for: Duration::from_secs(60),
            max_probes: 1,
            probe_lease: Duration::from_secs(60),
            abandoned: Verdict::Ignore,
        }
    }
}

const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

impl BreakerConfig {
    /// Sets the consecutive failures that open it. Default 5; at least 1.
    #[must_use]
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.failure_threshold = failures;
        self
    }

    /// Sets the successful probes that close it. Default 2; at least 1.
    #[must_use]
    pub fn success_threshold(mut self, successes: u16) -> Self {
        self.success_threshold = successes;
        self
    }

    /// Sets the time from opening to the first probe. Default 60 s; 1 ms to a year.
    #[must_use]
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.open_for = open_for;
        self
    }

    /// Sets the probes that may be out at once. Default 1; at least 1.
    #[must_use]
    pub fn max_probes(mut self, probes: u16) -> Self {
        self.max_probes = probes;
        self
    }

    /// Sets how long a probe may stay out before its place is given to another. Default 60 s; 1 ms to a year.
    #[must_use]
    pub fn probe_lease(mut self, lease: Duration) -> Self {
        self.probe_lease = lease;
        self
    }

    /// Sets what a call counts as that its caller dropped in flight. Default [`Verdict::Ignore`].
    #[must_use]
    pub fn abandoned(mut self, verdict: Verdict) -> Self {
        self.abandoned = verdict;
        self
    }

    /// Checks every field; `name` is the policy's name in the error.
    ///
    /// # Errors
    /// All fields that are out of range.
    pub fn validate(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        problems.into_result(name)
    }

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(
            self.failure_threshold > 0,
            "failure_threshold",
            self.failure_threshold,
            "at least 1",
        );
        problems.require(
            self.success_threshold > 0,
            "success_threshold",
            self.success_threshold,
            "1 to 65535",
        );
        problems.require(self.max_probes > 0, "max_probes", self.max_probes, "1 to 65535");
        for (field, value) in [("open_for", self.open_for), ("probe_lease", self.probe_lease)] {
            let in_range = (Duration::from_millis(1)..=A_YEAR).contains(&value);
            problems.require(in_range, field, value, "1ms to 365d");
        }
    }
}
