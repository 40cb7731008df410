use super::pool::{MAX_CONNECTIONS, Pool};
use crate::domain::{Answer, Failure, PoolUse, Request, Service, Telemetry};
use crate::store::{Database, QueryLog, Row, StoreError, Value};

/// The side without mainstay.
#[derive(Debug)]
pub struct Before {
    pub(super) pool: Pool,
    pub(super) log: QueryLog,
    pub(super) http: reqwest::Client,
    pub(super) valuer_url: String,
}

impl Before {
    /// # Errors
    ///
    /// The database cannot be reached.
    pub async fn connect(database: &Database, valuer_url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            pool: Pool::connect(database).await?,
            log: QueryLog::new(database.connect().await?),
            http: reqwest::Client::new(),
            valuer_url: valuer_url.trim_end_matches('/').to_owned(),
        })
    }

    /// One statement on whichever connection is free.
    pub(super) async fn query(&self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut lease = self.pool.acquire().await?;
        self.log.query(&mut lease.borrow(), sql, binds).await
    }
}

impl Service for Before {
    async fn handle(&self, request: &Request) -> Result<Answer, Failure> {
        let body = match request {
            Request::Property { id } => self.property(*id).await,
            Request::List { locality_id, filter, sort, page } => {
                self.list(*locality_id, filter, *sort, page).await
            }
            Request::Search { text, .. } => self.search(text).await,
            Request::SuburbStats { locality_id } => self.suburb_stats(*locality_id).await,
            Request::Trending => self.trending().await,
            Request::Valuation { id } => self.valuation(*id).await,
            Request::UpdatePrice { id, price } => self.update_price(*id, *price).await,
        };
        body.map(Answer::fresh)
    }

    fn telemetry(&self) -> Telemetry {
        let counts = self.log.counts();
        Telemetry {
            db_queries: counts.queries,
            slow_queries: counts.slow,
            indexed_queries: counts.indexed,
            pool: Some(PoolUse { in_use: self.pool.in_use(), max: MAX_CONNECTIONS as usize }),
            ..Telemetry::default()
        }
    }
}
