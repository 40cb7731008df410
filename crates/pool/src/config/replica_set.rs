use std::time::Duration;

use super::validate::{HOUR, INSTANT, MONTH, Problems};
use crate::error::ConfigError;

/// How a [`ReplicaSet`](crate::ReplicaSet) asks its nodes, routes its callers and ejects what fails.
///
/// ```
/// use mainstay_pool::{PrimaryReads, ReplicaSetConfig};
/// use std::time::Duration;
///
/// let config = ReplicaSetConfig::default()
///     .max_lag(Some(Duration::from_secs(2)))
///     .primary_reads(PrimaryReads::Never);
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ReplicaSetConfig {
    /// How often each node is asked for its role and lag. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub probe_interval: Duration,
    /// How long the answer may take, a connect included. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub probe_timeout: Duration,
    /// A replica further behind gets no reads, nor does one that cannot say; `None` for any lag. Default: 10 s.
    #[cfg_attr(feature = "config", serde(with = "super::span"))]
    pub max_lag: Option<Duration>,
    /// Whether the primary serves reads. Default: [`PrimaryReads::Fallback`].
    pub primary_reads: PrimaryReads,
    /// How long a read waits for a connection of one node before it turns to the next; on the last it waits as long as that pool lets it.
    /// Default: 500 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub patience: Duration,
    /// How long a call waits for there to be a node for it: a primary to be promoted, a replica to catch up. Default: 5 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub failover_timeout: Duration,
    /// After how many failures in a row, of probes or of calls, a node gets no more reads. Default: 3.
    pub eject_after: u32,
    /// For how long the first time; it doubles each time that the node is ejected again within `max_ejection`. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub ejection: Duration,
    /// The longest ejection. Default: 60 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub max_ejection: Duration,
}

/// Whether the primary of a [`ReplicaSet`](crate::ReplicaSet) serves reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PrimaryReads {
    /// Never: reads fail where no replica can serve them.
    Never,
    /// Only where no replica can.
    #[default]
    Fallback,
    /// As any replica does.
    Share,
}

impl Default for ReplicaSetConfig {
    fn default() -> Self {
        Self {
            probe_interval: Duration::from_secs(1),
            probe_timeout: Duration::from_secs(1),
            max_lag: Some(Duration::from_secs(10)),
            primary_reads: PrimaryReads::Fallback,
            patience: Duration::from_millis(500),
            failover_timeout: Duration::from_secs(5),
            eject_after: 3,
            ejection: Duration::from_secs(1),
            max_ejection: Duration::from_secs(60),
        }
    }
}

impl ReplicaSetConfig {
    /// Sets how often each node is asked for its role and lag (1 ms to 1 h).
    #[must_use]
    pub const fn probe_interval(mut self, probe_interval: Duration) -> Self {
        self.probe_interval = probe_interval;
        self
    }

    /// Sets how long the answer may take (1 ms to 1 h).
    #[must_use]
    pub const fn probe_timeout(mut self, probe_timeout: Duration) -> Self {
        self.probe_timeout = probe_timeout;
        self
    }

    /// Sets how far behind a replica may be and still get reads (up to 30 days).
    #[must_use]
    pub const fn max_lag(mut self, max_lag: Option<Duration>) -> Self {
        self.max_lag = max_lag;
        self
    }

    /// Sets whether the primary serves reads.
    #[must_use]
    pub const fn primary_reads(mut self, primary_reads: PrimaryReads) -> Self {
        self.primary_reads = primary_reads;
        self
    }

    /// Sets how long a read waits for one node before it turns to the next (1 ms to 1 h).
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets how long a call waits for there to be a node for it (up to 1 h).
    #[must_use]
    pub const fn failover_timeout(mut self, failover_timeout: Duration) -> Self {
        self.failover_timeout = failover_timeout;
        self
    }

    /// Sets after how many failures in a row a node gets no more reads (1 to 1 000).
    #[must_use]
    pub const fn eject_after(mut self, eject_after: u32) -> Self {
        self.eject_after = eject_after;
        self
    }

    /// Sets how long the first ejection lasts (1 ms to `max_ejection`).
    #[must_use]
    pub const fn ejection(mut self, ejection: Duration) -> Self {
        self.ejection = ejection;
        self
    }

    /// Sets the longest ejection (up to 30 days).
    #[must_use]
    pub const fn max_ejection(mut self, max_ejection: Duration) -> Self {
        self.max_ejection = max_ejection;
        self
    }

    /// Checks every field against its range and its neighbours.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] names every field that is outside, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        problems.span("probe_interval", self.probe_interval, INSTANT, HOUR);
        problems.span("probe_timeout", self.probe_timeout, INSTANT, HOUR);
        problems.perhaps("max_lag", self.max_lag, Duration::ZERO, MONTH);
        problems.span("patience", self.patience, INSTANT, HOUR);
        problems.span("failover_timeout", self.failover_timeout, Duration::ZERO, HOUR);
        problems.number("eject_after", self.eject_after, 1, 1_000);
        problems.span("max_ejection", self.max_ejection, INSTANT, MONTH);
        problems.span("ejection", self.ejection, INSTANT, self.max_ejection);
        problems.into_result()
    }
}
