use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::{SqliteConnection, SqlitePool};

use super::OutboxError;
use super::message::Message;
use super::relay::{Relay, RelayConfig, Rows, Told};
use crate::cache::Cache;
use crate::invalidators::InvalidationPlan;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS mainstay_outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, cache TEXT NOT NULL, message TEXT NOT NULL,
        written_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
    CREATE INDEX IF NOT EXISTS mainstay_outbox_cache ON mainstay_outbox (cache, id);";

/// An outbox in SQLite: the table `mainstay_outbox`. Clones are the same outbox.
#[derive(Debug, Clone)]
pub struct SqliteOutbox {
    cache: String,
    pool: SqlitePool,
}

impl SqliteOutbox {
    /// The outbox of a cache; makes the table if it is missing.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn open(cache: &Cache, pool: SqlitePool) -> Result<Self, OutboxError> {
        let outbox = Self { cache: cache.name().to_owned(), pool };
        sqlx::raw_sql(TABLE).execute(&outbox.pool).await.map_err(OutboxError::database(&outbox.cache))?;
        Ok(outbox)
    }

    /// Writes a plan into the transaction that changes the data.
    ///
    /// # Errors
    /// The database refuses it: the transaction is then to be rolled back, as after any failed statement.
    pub async fn add(
        &self,
        transaction: &mut SqliteConnection,
        plan: &InvalidationPlan,
    ) -> Result<(), OutboxError> {
        sqlx::query("INSERT INTO mainstay_outbox (cache, message) VALUES (?1, ?2)")
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

impl Rows for SqliteOutbox {
    fn cache(&self) -> &str {
        &self.cache
    }

    /// Without a lock: a row that two relays tell is told twice, and a write lock held while Redis answers would hold up
    /// every writer.
    fn tell<'a>(&'a self, cache: &'a Cache, batch: u32) -> BoxFuture<'a, Result<Told, sqlx::Error>> {
        async move {
            let rows: Vec<(i64, String)> = sqlx::query_as(
                "SELECT id, message FROM mainstay_outbox WHERE cache = ?1 ORDER BY id LIMIT ?2",
            )
            .bind(&self.cache)
            .bind(batch)
            .fetch_all(&self.pool)
            .await?;
            let told = Told::to(cache, rows).await;
            if !told.ids.is_empty() {
                let ids = serde_json::to_string(&told.ids).expect("numbers are JSON");
                sqlx::query("DELETE FROM mainstay_outbox WHERE id IN (SELECT value FROM json_each(?1))")
                    .bind(ids)
                    .execute(&self.pool)
                    .await?;
            }
            Ok(told)
        }
        .boxed()
    }
}
