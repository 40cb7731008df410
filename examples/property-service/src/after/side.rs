use super::{
    indexes::dialect,
    pools::Pools,
    regions::Regions,
    valuer::{Valuer, ValuerPolicies},
};
use crate::{
    domain::{Answer, Failure, LayerHits, Request, RetryCounts, Service, Telemetry},
    store::{Database, QueryLog, Row, StoreError, Value},
};
use mainstay_cache::{Cache, CacheError, LiveTtl, LoadError, MemoryConfig, RedisConfig, TtlTable};
use mainstay_dbopt::{
    Dialect,
    keyset::{CursorError, CursorSigner, Secret},
};
use std::path::PathBuf;

/// The side on mainstay.
#[derive(Debug)]
pub struct After {
    pub(super) dialect: Dialect,
    pub(super) pools: Pools,
    pub(super) log: QueryLog,
    pub(super) cache: Cache,
    pub(super) regions: Regions,
    pub(super) cursors: CursorSigner,
    pub(super) valuer: Valuer,
}

/// What the side stands on.
#[derive(Clone, Debug)]
pub struct Wiring {
    pub database: Database,
    pub valuer_url: String,
    /// Where the cache's third layer keeps its file.
    pub cache_file: PathBuf,
    pub redis_url: Option<String>,
    /// Prefix of every key in Redis: a run must not meet another's.
    pub redis_prefix: String,
}

#[derive(Debug, thiserror::Error)]
pub enum AfterError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Ttl(#[from] mainstay_cache::ConfigError),
    #[error(transparent)]
    Pool(#[from] mainstay_pool::ConfigError),
    #[error(transparent)]
    Policy(#[from] mainstay_resilience::ConfigError),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error("the connections could not be made: {0}")]
    Warm(#[from] Failure),
}

/// Entries in memory. A property page takes about a kilobyte.
const MEMORY_ENTRIES: usize = 20_000;

impl After {
    /// # Errors
    ///
    /// A part of `wiring` cannot be reached.
    pub async fn connect(wiring: &Wiring) -> Result<Self, AfterError> {
        let mut layers = Cache::builder("property-service")
            .memory(MemoryConfig::default().capacity(MEMORY_ENTRIES))
            .sqlite(&wiring.cache_file);
        if let Some(url) = &wiring.redis_url {
            layers = layers.redis(RedisConfig::new(url).prefix(&wiring.redis_prefix));
        }
        let cache = layers.build().await?;
        let pools = Pools::new(&wiring.database)?;
        pools.warm().await?;
        // Cursors of one run are of no use to the next.
        let secret: [u8; 32] = rand::random();
        Ok(Self {
            dialect: dialect(&wiring.database),
            pools,
            log: QueryLog::new(wiring.database.connect().await?),
            regions: Regions::open(&cache, &LiveTtl::new(TtlTable::default())?)?,
            cache,
            cursors: CursorSigner::new(1, Secret::new(secret)?),
            valuer: Valuer::new(&wiring.valuer_url, ValuerPolicies::new()?),
        })
    }

    /// One statement on a reading connection.
    pub(super) async fn query(&self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut lease = self.pools.reader().await?;
        Ok(self.log.query(&mut lease.borrow(), sql, binds).await?)
    }

    /// Ends the background work and gives the connections back.
    pub async fn close(&self) {
        self.cache.flush().await;
        self.pools.close().await;
    }
}

/// A loader's own failure, as the caller sees it.
pub(super) fn loaded<T>(answer: Result<T, LoadError<Failure>>) -> Result<T, Failure> {
    answer.map_err(|error| error.into_loader().expect("a load fails in its loader only"))
}

impl Service for After {
    async fn handle(&self, request: &Request) -> Result<Answer, Failure> {
        let body = match request {
            Request::Property { id } => self.property(*id).await,
            Request::List { locality_id, filter, sort, page } => {
                self.list(*locality_id, filter, *sort, page).await
            }
            Request::Search { user, text } => self.search(*user, text).await,
            Request::SuburbStats { locality_id } => self.suburb_stats(*locality_id).await,
            Request::Trending => self.trending().await,
            Request::Valuation { id } => return self.valuation(*id).await,
            Request::UpdatePrice { id, price } => self.update_price(*id, *price).await,
        };
        body.map(Answer::fresh)
    }

    fn telemetry(&self) -> Telemetry {
        let counts = self.log.counts();
        let cache = self.cache.stats();
        let retries = self.valuer.retries();
        Telemetry {
            db_queries: counts.queries,
            slow_queries: counts.slow,
            indexed_queries: counts.indexed,
            cache_statements: cache.l3.as_ref().map_or(0, |l3| l3.statements),
            pool: Some(self.pools.in_use()),
            hits: Some(LayerHits {
                l1: cache.l1.hits,
                l2: cache.l2.as_ref().map(|l2| l2.hits),
                l3: cache.l3.as_ref().map(|l3| l3.hits),
                misses: cache.loads,
            }),
            breaker: Some(self.valuer.breaker_state()),
            breaker_trips: self.valuer.breaker_trips(),
            retries: Some(RetryCounts { retried: retries.retried, recovered: retries.recovered }),
        }
    }
}
