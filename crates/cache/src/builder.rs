#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::Arc;

use crate::budget::{Budget, FleetBudget};
use crate::cache::Cache;
use crate::clock::Clock;
use crate::error::{CacheError, ConfigError};
use crate::inner::{Inner, Parts};
#[cfg(feature = "redis")]
use crate::layers::l2::L2;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::layers::lower::Lower;
#[cfg(feature = "redis")]
use crate::layers::redis::Servers;
#[cfg(feature = "redis")]
use crate::options::RedisConfig;
use crate::options::{LoadBudget, MemoryConfig, RegionOptions, SqlConfig};
use crate::stamps::Stamps;
use crate::standing::Standing;

/// What a cache is made of; see [`Cache::builder`].
#[derive(Debug)]
pub struct CacheBuilder {
    name: String,
    memory: MemoryConfig,
    defaults: RegionOptions,
    load_budget: Option<LoadBudget>,
    fleet_budget: Option<Arc<dyn FleetBudget>>,
    #[cfg(feature = "redis")]
    redis: Option<RedisConfig>,
    #[cfg(feature = "sqlite")]
    sqlite: Option<PathBuf>,
    #[cfg(feature = "postgres")]
    postgres: Option<String>,
    sql: SqlConfig,
}

/// The connection, the protocol's view of it, and where this node stands.
#[cfg(feature = "redis")]
type OpenedRedis = (Option<Servers>, Option<Arc<L2>>, Arc<Standing>);

impl CacheBuilder {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            memory: MemoryConfig::default(),
            defaults: RegionOptions::default(),
            load_budget: None,
            fleet_budget: None,
            #[cfg(feature = "redis")]
            redis: None,
            #[cfg(feature = "sqlite")]
            sqlite: None,
            #[cfg(feature = "postgres")]
            postgres: None,
            sql: SqlConfig::default(),
        }
    }

    /// Sets the memory layer. Default 1,000 entries.
    #[must_use]
    pub fn memory(mut self, config: MemoryConfig) -> Self {
        self.memory = config;
        self
    }

    /// Sets what regions are made of by [`Cache::region_with`]. Default `RegionOptions::default()`.
    #[must_use]
    pub fn defaults(mut self, options: RegionOptions) -> Self {
        self.defaults = options;
        self
    }

    /// Bounds how many loads run at once, and, with [`LoadBudget::fleet`], how many all nodes begin. Default unbounded.
    #[must_use]
    pub fn load_budget(mut self, budget: LoadBudget) -> Self {
        self.load_budget = Some(budget);
        self
    }

    /// Bounds how many loads all nodes together begin, by a budget of your own that they share, instead of the one in Redis
    /// that [`LoadBudget::fleet`] asks for. Default unbounded.
    #[must_use]
    pub fn fleet_budget(mut self, budget: Arc<dyn FleetBudget>) -> Self {
        self.fleet_budget = Some(budget);
        self
    }

    /// Adds Redis as the second layer. It need not be there when the cache is built.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn redis(mut self, config: RedisConfig) -> Self {
        self.redis = Some(config);
        self
    }

    /// Adds a SQLite file as the third layer, made if it is missing. For one process: a file that several nodes do not share
    /// does not hear of the others' invalidations.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.sqlite = Some(path.into());
        self
    }

    /// Adds PostgreSQL as the third layer; takes the place of SQLite if both are given.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres(mut self, url: impl Into<String>) -> Self {
        self.postgres = Some(url.into());
        self
    }

    /// Bounds the SQL layer and says how often it is swept. Default 1,000,000 rows, every 60 s.
    #[must_use]
    pub fn sql(mut self, config: SqlConfig) -> Self {
        self.sql = config;
        self
    }

    /// Checks the configuration and opens the layers. Called within a tokio runtime.
    ///
    /// # Errors
    /// A value is out of range, Redis' URL is no URL, or the SQL layer cannot be opened.
    pub async fn build(self) -> Result<Cache, CacheError> {
        let at_fault = |source| CacheError::Config { cache: self.name.clone(), source };
        if self.name.is_empty() {
            return Err(at_fault(ConfigError::new("name", "empty", "a text")));
        }
        self.memory.validate().map_err(at_fault)?;
        self.defaults.validate().map_err(at_fault)?;
        if let Some(budget) = &self.load_budget {
            budget.validate().map_err(at_fault)?;
        }
        self.sql.validate().map_err(at_fault)?;
        let clock = Arc::new(Clock::new());
        let stamps = Arc::new(Stamps::new(self.memory.stamps));
        let node = fastrand::u64(1..);
        #[cfg(feature = "redis")]
        let (redis, l2, standing) = self.open_redis(node, &clock, &stamps)?;
        #[cfg(not(feature = "redis"))]
        let (l2, standing) = (None, Arc::new(Standing::alone()));
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        let l3 = self.open_sql(&clock, &stamps).await?;
        #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
        let l3 = None;
        #[cfg(feature = "redis")]
        let rated = self.fleet_rate(redis.as_ref())?;
        #[cfg(not(feature = "redis"))]
        let rated = self.fleet_rate()?;
        let fleet = rated.or(self.fleet_budget);
        let (budget, defaults) = (Budget::new(self.load_budget, fleet), self.defaults);
        let parts = Parts {
            node,
            clock,
            stamps,
            standing,
            #[cfg(feature = "redis")]
            redis,
            l2,
            l3,
            budget,
            defaults,
        };
        let inner = Inner::new(&self.name, &self.memory, parts);
        // A Redis that is there is known before the first call; one that is not keeps nobody waiting.
        let mut first_word = inner.start_listening();
        let _ = first_word.wait_for(|heard| *heard).await;
        Ok(Cache { inner })
    }

    /// The fleet's budget of loads over Redis, if one is asked for.
    fn fleet_rate(
        &self,
        #[cfg(feature = "redis")] redis: Option<&Servers>,
    ) -> Result<Option<Arc<dyn FleetBudget>>, CacheError> {
        let at_fault = |source| CacheError::Config { cache: self.name.clone(), source };
        let problem = |value: &str, allowed| at_fault(ConfigError::new("load_budget.fleet", value, allowed));
        let Some(rate) = self.load_budget.as_ref().and_then(|budget| budget.fleet.as_ref()) else {
            return Ok(None);
        };
        if self.fleet_budget.is_some() {
            return Err(problem("set beside `fleet_budget`", "one of the two"));
        }
        #[cfg(feature = "redis")]
        if let (Some(redis), Some(config)) = (redis, &self.redis) {
            use crate::fleet::{FleetRate, RedisBudget};
            let limit = config.command_timeout;
            let shared = FleetRate::new(redis.clone(), RedisBudget::NAME, rate).map_err(at_fault)?;
            let budget = RedisBudget::new(&self.name, shared, rate.burst, limit).map_err(at_fault)?;
            return Ok(Some(Arc::new(budget)));
        }
        Err(problem(&format!("{rate:?}"), "nothing without a Redis layer"))
    }

    #[cfg(feature = "redis")]
    fn open_redis(
        &self,
        node: u64,
        clock: &Arc<Clock>,
        stamps: &Arc<Stamps>,
    ) -> Result<OpenedRedis, CacheError> {
        let at_fault = |source| CacheError::Config { cache: self.name.clone(), source };
        let Some(config) = &self.redis else { return Ok((None, None, Arc::new(Standing::alone()))) };
        config.validate().map_err(at_fault)?;
        let redis = Servers::new(&self.name, config, node, self.memory.stamps, clock, stamps)?;
        let standing = Arc::new(Standing::stranger(&self.name));
        let l2 = L2::new(
            &format!("{}.l2", self.name),
            redis.keeper(),
            config.protocol(),
            standing.clone(),
            clock.clone(),
        )
        .map_err(at_fault)?;
        Ok((Some(redis), Some(l2), standing))
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    async fn open_sql(&self, clock: &Arc<Clock>, stamps: &Arc<Stamps>) -> Result<Option<Lower>, CacheError> {
        use crate::layers::sql;
        let (cache, config, stamp_bound) = (&*self.name, &self.sql, self.memory.stamps);
        let opening = sql::Opening { cache, config, stamp_bound, clock, stamps };
        #[cfg(feature = "postgres")]
        if let Some(url) = &self.postgres {
            return sql::open_postgres(url, &opening).await.map(Some);
        }
        #[cfg(feature = "sqlite")]
        if let Some(path) = &self.sqlite {
            return sql::open_sqlite(path, &opening).await.map(Some);
        }
        Ok(None)
    }
}
