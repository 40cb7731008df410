use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};

use super::OutboxError;
use super::message::Message;
use super::relay::{Relay, RelayConfig, Rows, Told};
use crate::cache::Cache;
use crate::invalidators::InvalidationPlan;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS mainstay_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, cache text NOT NULL, message text NOT NULL,
        written_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX IF NOT EXISTS mainstay_outbox_cache ON mainstay_outbox (cache, id);";

/// Locked while they are told and skipped by the relays of other nodes; who dies gives them back with its connection.
const TAKE: &str = "
    SELECT id, message FROM mainstay_outbox WHERE cache = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED";

/// An outbox in PostgreSQL: the table `mainstay_outbox`. Clones are the same outbox.
///
/// ```no_run
/// # use mainstay_cache::{Cache, invalidators::InvalidationPlan, outbox::{PostgresOutbox, RelayConfig}};
/// # async fn example(pool: sqlx::PgPool, cache: Cache) -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = PostgresOutbox::open(&cache, pool.clone()).await?;
/// let relay = outbox.relay(&cache, RelayConfig::default())?;
///
/// let mut transaction = pool.begin().await?;
/// sqlx::query("UPDATE homes SET price = 900000 WHERE id = 7").execute(&mut *transaction).await?;
/// outbox.add(&mut transaction, &InvalidationPlan::new().key("home", &7_u64)).await?;
/// transaction.commit().await?;
/// relay.nudge();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PostgresOutbox {
    cache: String,
    pool: PgPool,
}

impl PostgresOutbox {
    /// The outbox of a cache; makes the table if it is missing.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn open(cache: &Cache, pool: PgPool) -> Result<Self, OutboxError> {
        let outbox = Self { cache: cache.name().to_owned(), pool };
        // Two nodes that start at once must not both find the table missing.
        let made = async {
            let mut transaction = outbox.pool.begin().await?;
            sqlx::query("SELECT pg_advisory_xact_lock(7305803921)").execute(&mut *transaction).await?;
            sqlx::raw_sql(TABLE).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        made.await.map_err(OutboxError::database(&outbox.cache))?;
        Ok(outbox)
    }

    /// Writes a plan into the transaction that changes the data.
    ///
    /// # Errors
    /// The database refuses it: the transaction is then to be rolled back, as after any failed statement.
    pub async fn add(
        &self,
        transaction: &mut PgConnection,
        plan: &InvalidationPlan,
    ) -> Result<(), OutboxError> {
        sqlx::query("INSERT INTO mainstay_outbox (cache, message) VALUES ($1, $2)")
            .bind(&self.cache)
            .bind(Message::write(plan))
            .execute(transaction)
            .await
            .map_err(OutboxError::database(&self.cache))?;
        Ok(())
    }

    /// Starts to tell `cache` what is written. Called within a tokio runtime.
    ///
    /// # Errors
    /// A value is out of range.
    pub fn relay(&self, cache: &Cache, config: RelayConfig) -> Result<Relay, OutboxError> {
        Relay::start(self.clone(), cache, config)
    }
}

impl Rows for PostgresOutbox {
    fn cache(&self) -> &str {
        &self.cache
    }

    fn tell<'a>(&'a self, cache: &'a Cache, batch: u32) -> BoxFuture<'a, Result<Told, sqlx::Error>> {
        async move {
            let mut transaction = self.pool.begin().await?;
            let rows: Vec<(i64, String)> = sqlx::query_as(TAKE)
                .bind(&self.cache)
                .bind(i64::from(batch))
                .fetch_all(&mut *transaction)
                .await?;
            let told = Told::to(cache, rows).await;
            sqlx::query("DELETE FROM mainstay_outbox WHERE id = ANY($1)")
                .bind(&told.ids)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(told)
        }
        .boxed()
    }
}
