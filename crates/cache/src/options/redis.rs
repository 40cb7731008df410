use std::time::Duration;

use super::SentinelConfig;
use crate::error::ConfigError;

/// The Redis layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Where it is. Default `redis://127.0.0.1:6379`.
    pub url: String,
    /// The sentinels that are asked for the primary; of `url` only user, password, database and TLS count then. Default none.
    pub sentinel: Option<SentinelConfig>,
    /// Some nodes of a Redis Cluster, as URLs, from which the others are learnt; `url` does not count then. Default none.
    pub cluster: Vec<String>,
    /// Over how many slots of a Cluster the keys are spread; all nodes of one cache use the same. Default 64.
    pub buckets: u16,
    /// What every key begins with; empty for `mainstay:<cache name>`, the default. All nodes of one cache use the same.
    pub prefix: String,
    /// Longest wait for an answer to one command. Default 250 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub command_timeout: Duration,
    /// Longest wait for a connection. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub connect_timeout: Duration,
    /// How long the least true version of an invalidated key is remembered: longer than a replica lags. Default 120 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub floor_ttl: Duration,
    /// Most undelivered invalidations remembered one by one while Redis is away; beyond that everything is owed. Default 1,024.
    pub backlog: usize,
    /// After an invalidation was acknowledged no node serves the old value for longer. Default 2 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub staleness_bound: Duration,
    /// How long who loads holds the others off before it must be heard from again. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub lease: Duration,
    /// Longest wait for another node's load, after which this one loads as well. Default 5 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub patience: Duration,
    /// How long a load may take and still be kept. Default 120 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub token_ttl: Duration,
    /// Announcements kept for nodes that missed some; who missed more empties its memory. Default 10,000.
    pub announcements_kept: usize,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            sentinel: None,
            cluster: Vec::new(),
            buckets: 64,
            prefix: String::new(),
            command_timeout: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(1),
            floor_ttl: Duration::from_secs(120),
            backlog: 1_024,
            staleness_bound: Duration::from_secs(2),
            lease: Duration::from_secs(1),
            patience: Duration::from_secs(5),
            token_ttl: Duration::from_secs(120),
            announcements_kept: 10_000,
        }
    }
}

impl RedisConfig {
    /// The defaults at an address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Sets what every key begins with. Default `mainstay:<cache name>`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the longest wait for an answer. Default 250 ms.
    #[must_use]
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.command_timeout = limit;
        self
    }

    /// Sets the longest wait for a connection. Default 1 s.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long the least true version of an invalidated key is remembered. Default 120 s.
    #[must_use]
    pub fn floor_ttl(mut self, ttl: Duration) -> Self {
        self.floor_ttl = ttl;
        self
    }

    /// Sets how many undelivered invalidations are remembered one by one. Default 1,024.
    #[must_use]
    pub fn backlog(mut self, invalidations: usize) -> Self {
        self.backlog = invalidations;
        self
    }

    /// Sets how long after an acknowledged invalidation any node may still serve the old value. Default 2 s.
    #[must_use]
    pub fn staleness_bound(mut self, bound: Duration) -> Self {
        self.staleness_bound = bound;
        self
    }

    /// Sets how long who loads holds the others off before it must be heard from again. Default 1 s.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets the longest wait for another node's load. Default 5 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets how long a load may take and still be kept. Default 120 s.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = ttl;
        self
    }

    /// Sets how many announcements are kept for nodes that missed some. Default 10,000.
    #[must_use]
    pub fn announcements_kept(mut self, announcements: usize) -> Self {
        self.announcements_kept = announcements;
        self
    }

    #[cfg(feature = "redis")]
    pub(crate) fn protocol(&self) -> crate::layers::l2::L2Config {
        crate::layers::l2::L2Config {
            command_timeout: self.command_timeout,
            backlog: self.backlog,
            staleness_bound: self.staleness_bound,
            patience: self.patience,
            lease: self.lease,
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ms = Duration::from_millis;
        self.validate_servers()?;
        for (field, value) in [
            ("command_timeout", self.command_timeout),
            ("connect_timeout", self.connect_timeout),
            ("staleness_bound", self.staleness_bound),
            ("lease", self.lease),
            ("patience", self.patience),
        ] {
            if !(ms(1)..=ms(60_000)).contains(&value) {
                return Err(ConfigError::new(field, format!("{value:?}"), "1 ms to 60 s"));
            }
        }
        for (field, value) in [("floor_ttl", self.floor_ttl), ("token_ttl", self.token_ttl)] {
            if !(ms(1_000)..=ms(86_400_000)).contains(&value) {
                return Err(ConfigError::new(field, format!("{value:?}"), "1 s to 24 h"));
            }
        }
        if !(16..=10_000_000).contains(&self.announcements_kept) {
            return Err(ConfigError::new("announcements_kept", self.announcements_kept, "16 to 10,000,000"));
        }
        if !(1..=1_000_000).contains(&self.backlog) {
            return Err(ConfigError::new("backlog", self.backlog, "1 to 1,000,000"));
        }
        Ok(())
    }
}
