/// What a side counts about itself, since it was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telemetry {
    /// Statements sent to the property database (not to the cache's own table).
    pub db_queries: u64,
    /// Those of them that took longer than `slow_after`.
    pub slow_queries: u64,
    /// Those of them whose plan reads every base table through an index or key.
    pub indexed_queries: u64,
    /// Statements sent to the cache's SQL layer.
    pub cache_statements: u64,
    pub pool: Option<PoolUse>,
    pub hits: Option<LayerHits>,
    pub breaker: Option<BreakerState>,
    pub breaker_trips: u64,
    pub retries: Option<RetryCounts>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    pub in_use: usize,
    pub max: usize,
}

/// Reads answered by each layer. `misses` went to the loader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerHits {
    pub l1: u64,
    /// `None` where the run has no Redis.
    pub l2: Option<u64>,
    pub l3: Option<u64>,
    pub misses: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    HalfOpen,
    Open,
}

/// Calls that needed a retry, and those of them that then succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryCounts {
    pub retried: u64,
    pub recovered: u64,
}
