use std::time::Duration;

use crate::error::ConfigError;

/// The map behind the memory layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum MemoryKind {
    /// `quick_cache`: the cheapest hit, and the better hit rate on most streams.
    #[default]
    QuickCache,
    /// `moka` (W-TinyLFU): for streams with a stable hot set under long scans.
    Moka,
}

/// The memory layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct MemoryConfig {
    /// Most entries kept, over all regions; with `max_weight`, how many there are likely to be. Default 1,000.
    pub capacity: usize,
    /// Most weight kept, over all regions, instead of a count: each region's weigher says what its values weigh, and where
    /// there is none it is about the bytes of an entry, without what the value points to. `QuickCache` keeps nothing that
    /// is heavier than an eighth of it. Default none.
    pub max_weight: Option<u64>,
    /// The map behind it. Default `QuickCache`.
    pub kind: MemoryKind,
    /// Whether to estimate what other capacities would give: `Cache::ghost`. Costs each read a hash of its key, and a sample
    /// of them three lookups more. Default no.
    pub ghost: bool,
    /// Most tag stamps, and most pattern stamps, remembered one by one; beyond that the oldest give way to a floor that
    /// makes everything older than they are dead. Default 4,096.
    pub stamps: usize,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { capacity: 1_000, max_weight: None, kind: MemoryKind::QuickCache, ghost: false, stamps: 4_096 }
    }
}

impl MemoryConfig {
    /// Sets the most entries kept. Default 1,000.
    #[must_use]
    pub fn capacity(mut self, entries: usize) -> Self {
        self.capacity = entries;
        self
    }

    /// Bounds memory by weight instead of by count. Default none.
    #[must_use]
    pub fn max_weight(mut self, weight: u64) -> Self {
        self.max_weight = Some(weight);
        self
    }

    /// Sets the map. Default [`MemoryKind::QuickCache`].
    #[must_use]
    pub fn kind(mut self, kind: MemoryKind) -> Self {
        self.kind = kind;
        self
    }

    /// Turns the estimates of other capacities on or off. Default off.
    #[must_use]
    pub fn ghost(mut self, on: bool) -> Self {
        self.ghost = on;
        self
    }

    /// Sets how many stamps are remembered one by one. Default 4,096.
    #[must_use]
    pub fn stamps(mut self, stamps: usize) -> Self {
        self.stamps = stamps;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=100_000_000).contains(&self.capacity) {
            return Err(ConfigError::new("capacity", self.capacity, "1 to 100,000,000"));
        }
        if self.max_weight.is_some_and(|weight| !(64..=1 << 50).contains(&weight)) {
            let weight = self.max_weight.unwrap_or_default();
            return Err(ConfigError::new("max_weight", weight, "64 to 2^50"));
        }
        if !(8..=1_000_000).contains(&self.stamps) {
            return Err(ConfigError::new("stamps", self.stamps, "8 to 1,000,000"));
        }
        Ok(())
    }
}

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
    /// What every key begins with; empty for `mainstay:<cache name>`, the default. All nodes of one cache use the same.
    pub prefix: String,
    /// Longest wait for an answer to one command. Default 250 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub command_timeout: Duration,
    /// Longest wait for a connection. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub connect_timeout: Duration,
    /// How long an invalidated key refuses loads that began before: longer than any load takes. Default 120 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub floor_ttl: Duration,
    /// Most undelivered invalidations remembered one by one while Redis is away; beyond that everything is owed. Default 1,024.
    pub backlog: usize,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            prefix: String::new(),
            command_timeout: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(1),
            floor_ttl: Duration::from_secs(120),
            backlog: 1_024,
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

    /// Sets how long an invalidated key refuses older loads. Default 120 s. Shorter than a load, and that load's value may
    /// be kept although it was overtaken.
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

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ms = Duration::from_millis;
        if self.url.is_empty() {
            return Err(ConfigError::new("url", "empty", "a redis:// URL"));
        }
        for (field, value) in
            [("command_timeout", self.command_timeout), ("connect_timeout", self.connect_timeout)]
        {
            if !(ms(1)..=ms(60_000)).contains(&value) {
                return Err(ConfigError::new(field, format!("{value:?}"), "1 ms to 60 s"));
            }
        }
        if !(ms(1_000)..=ms(86_400_000)).contains(&self.floor_ttl) {
            return Err(ConfigError::new("floor_ttl", format!("{:?}", self.floor_ttl), "1 s to 24 h"));
        }
        if !(1..=1_000_000).contains(&self.backlog) {
            return Err(ConfigError::new("backlog", self.backlog, "1 to 1,000,000"));
        }
        Ok(())
    }
}

/// What holds for all values of a region.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RegionOptions {
    /// How long a value lives, in all layers together. Default 300 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub ttl: Duration,
    /// The version of the value's type: raise it whenever the type changes, for stored bytes do not describe themselves.
    /// Values of another schema are misses. Default 0.
    pub schema: u32,
}

impl Default for RegionOptions {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(300), schema: 0 }
    }
}

impl RegionOptions {
    /// Sets how long a value lives. Default 300 s.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Sets the version of the value's type. Default 0.
    #[must_use]
    pub fn schema(mut self, schema: u32) -> Self {
        self.schema = schema;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(Duration::from_millis(1)..=crate::ttl::LONGEST).contains(&self.ttl) {
            return Err(ConfigError::new("ttl", format!("{:?}", self.ttl), "1 ms to 365 days"));
        }
        Ok(())
    }
}
