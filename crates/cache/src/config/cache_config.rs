use std::fmt;
use std::path::PathBuf;

use super::Profile;
use crate::builder::CacheBuilder;
use crate::cache::Cache;
use crate::error::ConfigError;
use crate::options::{MemoryConfig, RedisConfig, SqlConfig};
use crate::ttl::TtlTable;
use crate::warm::{PopularityConfig, WarmConfig};

/// A whole cache as data: its layers, its times to live, how it is warmed.
///
/// ```
/// use mainstay_cache::config::CacheConfig;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = CacheConfig::production();
/// let cache = config.builder("houses")?.build().await?;
/// # let _ = cache;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct CacheConfig {
    /// The memory layer.
    pub memory: MemoryConfig,
    /// Redis as the second layer. Default: none.
    pub redis: Option<RedisConfig>,
    /// The file of SQLite as the third layer. Default: none.
    pub sqlite: Option<PathBuf>,
    /// The URL of PostgreSQL as the third layer. Default: none.
    pub postgres: Option<String>,
    /// How large the SQL layer may grow, and how often it is swept.
    pub sql: SqlConfig,
    /// Times to live by name.
    pub ttl: TtlTable,
    /// How the cache is warmed.
    pub warm: WarmConfig,
    /// How closely reads are counted for the manifest of hot keys.
    pub popularity: PopularityConfig,
}

impl CacheConfig {
    /// [`Profile::Development`].
    #[must_use]
    pub fn development() -> Self {
        Profile::Development.config()
    }

    /// [`Profile::Testing`].
    #[must_use]
    pub fn testing() -> Self {
        Profile::Testing.config()
    }

    /// [`Profile::Production`].
    #[must_use]
    pub fn production() -> Self {
        Profile::Production.config()
    }

    /// [`Profile::HighLoad`].
    #[must_use]
    pub fn high_load() -> Self {
        Profile::HighLoad.config()
    }

    /// Sets the memory layer.
    #[must_use]
    pub fn memory(mut self, config: MemoryConfig) -> Self {
        self.memory = config;
        self
    }

    /// Sets Redis as the second layer. Default: none.
    #[must_use]
    pub fn redis(mut self, config: impl Into<Option<RedisConfig>>) -> Self {
        self.redis = config.into();
        self
    }

    /// Sets a file of SQLite as the third layer. Default: none.
    #[must_use]
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.sqlite = Some(path.into());
        self
    }

    /// Sets PostgreSQL as the third layer. Default: none.
    #[must_use]
    pub fn postgres(mut self, url: impl Into<String>) -> Self {
        self.postgres = Some(url.into());
        self
    }

    /// Sets how large the SQL layer may grow, and how often it is swept.
    #[must_use]
    pub fn sql(mut self, config: SqlConfig) -> Self {
        self.sql = config;
        self
    }

    /// Sets the times to live.
    #[must_use]
    pub fn ttl(mut self, table: TtlTable) -> Self {
        self.ttl = table;
        self
    }

    /// Sets how the cache is warmed.
    #[must_use]
    pub fn warm(mut self, config: WarmConfig) -> Self {
        self.warm = config;
        self
    }

    /// Sets how closely reads are counted.
    #[must_use]
    pub fn popularity(mut self, config: PopularityConfig) -> Self {
        self.popularity = config;
        self
    }

    /// Checks the ranges, and that the layers can be had in this build.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.memory.validate()?;
        self.redis.as_ref().map_or(Ok(()), RedisConfig::validate)?;
        self.sql.validate()?;
        self.ttl.validate()?;
        self.warm.validate()?;
        self.popularity.validate()?;
        self.layers().into_iter().next().map_or(Ok(()), Err)
    }

    /// What is wrong with the choice of layers.
    pub(super) fn layers(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let wanted = [
            (
                "redis",
                self.redis.is_some(),
                cfg!(feature = "redis"),
                "nothing in a build without feature `redis`",
            ),
            (
                "sqlite",
                self.sqlite.is_some(),
                cfg!(feature = "sqlite"),
                "nothing in a build without feature `sqlite`",
            ),
            (
                "postgres",
                self.postgres.is_some(),
                cfg!(feature = "postgres"),
                "nothing in a build without feature `postgres`",
            ),
        ];
        for (field, wanted, available, allowed) in wanted {
            if wanted && !available {
                problems.push(ConfigError::new(field, "set", allowed));
            }
        }
        if self.sqlite.is_some() && self.postgres.is_some() {
            problems.push(ConfigError::new(
                "sqlite",
                "set beside `postgres`",
                "one of the two: there is one third layer",
            ));
        }
        problems
    }

    /// Begins a cache of this name with these layers.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn builder(&self, name: impl Into<String>) -> Result<CacheBuilder, ConfigError> {
        self.validate()?;
        #[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), expect(unused_mut))]
        let mut builder = Cache::builder(name).memory(self.memory.clone()).sql(self.sql.clone());
        #[cfg(feature = "redis")]
        if let Some(redis) = &self.redis {
            builder = builder.redis(redis.clone());
        }
        #[cfg(feature = "sqlite")]
        if let Some(path) = &self.sqlite {
            builder = builder.sqlite(path);
        }
        #[cfg(feature = "postgres")]
        if let Some(url) = &self.postgres {
            builder = builder.postgres(url);
        }
        Ok(builder)
    }
}

/// Of a URL neither user nor password: configurations end up in logs.
pub(super) fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}

impl fmt::Debug for CacheConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut redis = self.redis.clone();
        if let Some(redis) = &mut redis {
            let sentinels = redis.sentinel.iter_mut().flat_map(|sentinel| &mut sentinel.sentinels);
            for url in sentinels.chain(&mut redis.cluster).chain([&mut redis.url]) {
                *url = without_user(url);
            }
        }
        f.debug_struct("CacheConfig")
            .field("memory", &self.memory)
            .field("redis", &redis)
            .field("sqlite", &self.sqlite)
            .field("postgres", &self.postgres.as_deref().map(without_user))
            .field("sql", &self.sql)
            .field("ttl", &self.ttl)
            .field("warm", &self.warm)
            .field("popularity", &self.popularity)
            .finish()
    }
}
