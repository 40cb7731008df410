//! Which Redis servers there are: one, a group under Sentinel, a Cluster.

use super::RedisConfig;
use crate::error::ConfigError;

/// Where to ask for the primary: a group of servers that Redis Sentinel watches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct SentinelConfig {
    /// The name under which the sentinels know the primary.
    pub primary: String,
    /// Their addresses, as URLs; each with its own user and password, if it wants any. They are asked in this order.
    pub sentinels: Vec<String>,
}

impl SentinelConfig {
    /// The primary that these sentinels know under that name.
    pub fn new(primary: impl Into<String>, sentinels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { primary: primary.into(), sentinels: sentinels.into_iter().map(Into::into).collect() }
    }
}

impl RedisConfig {
    /// Sets the sentinels that are asked for the primary; of `url` only user, password, database and TLS count then.
    /// Default none.
    #[must_use]
    pub fn sentinel(mut self, sentinel: SentinelConfig) -> Self {
        self.sentinel = Some(sentinel);
        self
    }

    /// Sets some nodes of a Redis Cluster, from which the others are learnt. Default none: a single server.
    #[must_use]
    pub fn cluster(mut self, nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.cluster = nodes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets over how many slots of a Cluster the keys are spread. Default 64.
    #[must_use]
    pub fn buckets(mut self, buckets: u16) -> Self {
        self.buckets = buckets;
        self
    }

    pub(super) fn validate_servers(&self) -> Result<(), ConfigError> {
        if self.url.is_empty() {
            return Err(ConfigError::new("url", "empty", "a redis:// URL"));
        }
        // A brace would choose the slot, and a blank would end a word of what is announced.
        if let Some(odd) =
            self.prefix.chars().find(|c| matches!(c, '{' | '}') || c.is_whitespace() || c.is_control())
        {
            let value = format!("{:?}, with a {odd:?}", self.prefix);
            return Err(ConfigError::new(
                "prefix",
                value,
                "a text without braces, blanks and control characters",
            ));
        }
        if let Some(sentinel) = &self.sentinel {
            if !self.cluster.is_empty() {
                return Err(ConfigError::new("sentinel", "given beside `cluster`", "one of the two"));
            }
            if sentinel.primary.is_empty() {
                return Err(ConfigError::new(
                    "sentinel.primary",
                    "empty",
                    "the name the sentinels know it by",
                ));
            }
            if sentinel.sentinels.is_empty() || sentinel.sentinels.iter().any(String::is_empty) {
                return Err(ConfigError::new("sentinel.sentinels", "empty", "one or more redis:// URLs"));
            }
        }
        if self.cluster.iter().any(String::is_empty) {
            return Err(ConfigError::new("cluster", "empty", "redis:// URLs of some nodes"));
        }
        if !(1..=16_384).contains(&self.buckets) {
            return Err(ConfigError::new("buckets", self.buckets, "1 to 16,384"));
        }
        Ok(())
    }
}
