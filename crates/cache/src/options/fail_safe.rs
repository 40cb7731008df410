use std::time::Duration;

use super::Problems;

/// Serving a value beyond its time to live because nobody could load a newer one.
///
/// What was invalidated, by key, tag, pattern or `clear`, is never served, however the load ends. The value must have been
/// kept with fail-safe on: layers keep it for `max_age` then, and not for its time to live alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct FailSafe {
    /// Oldest value served, from its load on. Default 24 h.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub max_age: Duration,
    /// How long after a load that failed or took too long the old value is served without another attempt. Noted with the
    /// value in memory: a region that keeps nothing there tries at each call. Default 30 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub throttle: Duration,
    /// Whether reads that do not load (`get`, `get_cached`, `get_many`) are served such values as well, where no layer that
    /// they ask has a newer one. Default no.
    pub on_reads: bool,
}

impl Default for FailSafe {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(86_400), throttle: Duration::from_secs(30), on_reads: false }
    }
}

impl FailSafe {
    /// Sets the oldest value served. Default 24 h.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets how long after a failed load no other is tried. Default 30 s.
    #[must_use]
    pub fn throttle(mut self, time: Duration) -> Self {
        self.throttle = time;
        self
    }

    /// Sets whether reads that do not load are served such values too. Default no.
    #[must_use]
    pub fn on_reads(mut self, on: bool) -> Self {
        self.on_reads = on;
        self
    }

    pub(super) fn check(&self, ttl: Option<Duration>, problems: &mut Problems) {
        problems.unless_time("fail_safe.max_age", self.max_age);
        problems.unless_time("fail_safe.throttle", self.throttle);
        let holds = ttl.is_none_or(|ttl| self.max_age >= ttl);
        problems.unless(holds, "fail_safe.max_age", format_args!("{:?}", self.max_age), "at least `ttl`");
    }
}
