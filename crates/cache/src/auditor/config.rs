use std::time::Duration;

use crate::error::ConfigError;

/// How often an [`Auditor`](super::Auditor) looks, and at how much.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct AuditConfig {
    /// Rest between two rounds. Default 10 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub every: Duration,
    /// Most entries a round looks at. Default 100.
    pub sample: usize,
    /// How much longer than the cache's own promise a difference must last to count: the time a writer may take from its
    /// commit in the source to its invalidation. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub grace: Duration,
    /// Most findings kept; the oldest give way. Default 100.
    pub keep: usize,
    /// Longest wait for the source's answer for one key; a later one is no answer. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub source_timeout: Duration,
    /// The regions it looks at. Default none named, which is all.
    pub regions: Vec<String>,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            sample: 100,
            grace: Duration::from_secs(1),
            keep: 100,
            source_timeout: Duration::from_secs(1),
            regions: Vec::new(),
        }
    }
}

impl AuditConfig {
    /// Sets the rest between two rounds. Default 10 s.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Sets the most entries a round looks at. Default 100.
    #[must_use]
    pub fn sample(mut self, entries: usize) -> Self {
        self.sample = entries;
        self
    }

    /// Sets how much longer than promised a difference must last to count. Default 1 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets the most findings kept. Default 100.
    #[must_use]
    pub fn keep(mut self, findings: usize) -> Self {
        self.keep = findings;
        self
    }

    /// Sets the longest wait for the source's answer. Default 1 s.
    #[must_use]
    pub fn source_timeout(mut self, timeout: Duration) -> Self {
        self.source_timeout = timeout;
        self
    }

    /// Adds a region to those it looks at. Default all.
    #[must_use]
    pub fn region(mut self, name: impl Into<String>) -> Self {
        self.regions.push(name.into());
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let spans = Duration::from_millis(1)..=Duration::from_secs(86_400);
        for (field, value) in [("every", self.every), ("source_timeout", self.source_timeout)] {
            if !spans.contains(&value) {
                return Err(ConfigError::new(field, format!("{value:?}"), "1 ms to 24 h"));
            }
        }
        if self.grace > *spans.end() {
            return Err(ConfigError::new("grace", format!("{:?}", self.grace), "0 s to 24 h"));
        }
        if !(1..=1_000).contains(&self.sample) {
            return Err(ConfigError::new("sample", self.sample, "1 to 1,000"));
        }
        if !(1..=10_000).contains(&self.keep) {
            return Err(ConfigError::new("keep", self.keep, "1 to 10,000"));
        }
        Ok(())
    }
}
