use std::fmt;
use std::time::Duration;

use super::CacheConfig;
use crate::options::{MemoryConfig, RedisConfig};
use crate::ttl::TtlTable;
use crate::warm::WarmConfig;

/// What a process is for, and with that the values that no source sets. The names are those of the other crates' profiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Profile {
    /// Each part's own defaults.
    #[default]
    Standard,
    /// A developer's machine: nothing lives longer than a minute, so that a change of code or data shows.
    Development,
    /// A test run: 100 entries, so that it meets evictions too; nothing lives longer than 5 s, a warm-up ends after 5 s.
    Testing,
    /// A service: 10,000 entries, else the defaults.
    Production,
    /// A busy service: 100,000 entries, 100 ms for a command to Redis, twice as many batches of warming at once.
    #[cfg_attr(feature = "config", serde(alias = "high-load"))]
    HighLoad,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Standard, Self::Development, Self::Testing, Self::Production, Self::HighLoad];

    /// Its name in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Production => "production",
            Self::HighLoad => "high_load",
        }
    }

    /// What it sets for a cache; no profile adds a layer.
    #[must_use]
    pub fn config(self) -> CacheConfig {
        let (memory, ttl, warm) = (MemoryConfig::default(), TtlTable::default(), WarmConfig::default());
        let base = CacheConfig::default();
        match self {
            Self::Standard => base,
            Self::Development => base.ttl(ttl.at_most(Duration::from_secs(60))),
            Self::Testing => base
                .memory(memory.capacity(100))
                .ttl(ttl.at_most(Duration::from_secs(5)))
                .warm(warm.deadline(Duration::from_secs(5)).plan_timeout(Duration::from_secs(1))),
            Self::Production => base.memory(memory.capacity(10_000)),
            Self::HighLoad => base.memory(memory.capacity(100_000)).warm(warm.concurrency(16)),
        }
    }

    /// What it sets for Redis, where there is one.
    #[must_use]
    pub fn redis(self) -> RedisConfig {
        let base = RedisConfig::default();
        if self == Self::HighLoad { base.command_timeout(Duration::from_millis(100)) } else { base }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
