use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Arguments as _, SqlitePool};

use super::dialect::{Dialect, Given, Row, number};
use super::layer::Opening;
use crate::error::CacheError;
use crate::layers::lower::Lower;
use crate::layers::shared::Item;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS mainstay_cache (
        cache TEXT NOT NULL, key TEXT NOT NULL, bytes BLOB, born INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        PRIMARY KEY (cache, key)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS mainstay_cache_expiry ON mainstay_cache (cache, expires_at);
    CREATE INDEX IF NOT EXISTS mainstay_cache_age ON mainstay_cache (cache, born);
    CREATE TABLE IF NOT EXISTS mainstay_cache_stamps (
        cache TEXT NOT NULL, name TEXT NOT NULL, stamp INTEGER NOT NULL, PRIMARY KEY (cache, name)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS mainstay_cache_stamps_newest ON mainstay_cache_stamps (cache, stamp);";

const FILL: &str = "
    INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
    SELECT $1, $2, $3, $4, $5
    WHERE NOT EXISTS (SELECT 1 FROM mainstay_cache WHERE cache = $1 AND key = '' AND born >= $4)
    ON CONFLICT (cache, key) DO UPDATE
    SET bytes = excluded.bytes, born = excluded.born, expires_at = excluded.expires_at
    WHERE excluded.born >= mainstay_cache.born";

#[derive(Debug)]
struct Sqlite(SqlitePool);

pub(crate) async fn open_sqlite(path: &Path, opening: &Opening<'_>) -> Result<Lower, CacheError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL would do for values; but a power cut may then take back the last commits, and with them an invalidation.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(2));
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(2))
        .connect_with(options)
        .await
        .map_err(|error| opening.failed(error))?;
    sqlx::raw_sql(TABLES).execute(&pool).await.map_err(|error| opening.failed(error))?;
    opening.over(Sqlite(pool)).await
}

impl Dialect for Sqlite {
    const PRIVATE: bool = true;

    /// Values and the newest stamp in one statement, hence of one instant. The `+` keeps the planner from walking the expiry
    /// index, which holds every live row, instead of seeking the keys.
    const READ: &'static str = "
        SELECT s.newest, c.key, c.bytes, c.born
        FROM (SELECT coalesce(max(stamp), 0) AS newest FROM mainstay_cache_stamps WHERE cache = $1) s
        LEFT JOIN mainstay_cache c
          ON c.cache = $1 AND c.key IN (SELECT value FROM json_each($2)) AND +c.expires_at > $3";

    const REVOKE: &'static str = "
        INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
        SELECT $1, value, NULL, $2, $3 FROM json_each($4) WHERE true
        ON CONFLICT (cache, key) DO UPDATE
        SET bytes = NULL, born = excluded.born, expires_at = excluded.expires_at
        WHERE excluded.born >= mainstay_cache.born";

    const STAMP: &'static str = "
        INSERT INTO mainstay_cache_stamps (cache, name, stamp) VALUES ($1, $2, $3)
        ON CONFLICT (cache, name) DO UPDATE SET stamp = max(stamp, excluded.stamp)";

    const EVICT: &'static str = "
        DELETE FROM mainstay_cache WHERE cache = $1 AND key IN (
            SELECT key FROM mainstay_cache WHERE cache = $1 AND born <= $2 AND key <> '' LIMIT $3)";

    async fn execute(&self, statement: &'static str, given: &[Given<'_>]) -> sqlx::Result<u64> {
        Ok(sqlx::query_with(statement, arguments(given)?).execute(&self.0).await?.rows_affected())
    }

    async fn rows(&self, statement: &'static str, given: &[Given<'_>]) -> sqlx::Result<Vec<Row>> {
        sqlx::query_as_with(statement, arguments(given)?).fetch_all(&self.0).await
    }

    async fn numbers(
        &self,
        statement: &'static str,
        given: &[Given<'_>],
    ) -> sqlx::Result<Vec<(String, i64)>> {
        sqlx::query_as_with(statement, arguments(given)?).fetch_all(&self.0).await
    }

    async fn fill(&self, cache: &str, items: &[&Item], sent: &AtomicU64) -> sqlx::Result<u64> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let mut kept = 0;
        for item in items {
            sent.fetch_add(1, Ordering::Relaxed);
            let done = sqlx::query(FILL)
                .bind(cache)
                .bind(&*item.key)
                .bind(&*item.bytes)
                .bind(number(item.born))
                .bind(number(item.expires_ms))
                .execute(&mut *transaction)
                .await?;
            kept += done.rows_affected();
        }
        transaction.commit().await?;
        Ok(kept)
    }
}

fn arguments(given: &[Given<'_>]) -> sqlx::Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for one in given {
        match one {
            Given::Text(text) => arguments.add(*text),
            Given::Number(number) => arguments.add(*number),
            Given::Bytes(bytes) => arguments.add(*bytes),
            Given::Keys(keys) => arguments.add(json(keys)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn json(keys: &[Arc<str>]) -> String {
    serde_json::Value::from(keys.iter().map(|key| &**key).collect::<Vec<&str>>()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With thousands of live rows a read that walks them costs what the cache was to save.
    #[tokio::test]
    async fn a_read_seeks_its_keys_and_walks_nothing() {
        let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql(TABLES).execute(&pool).await.unwrap();
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", Sqlite::READ)))
                .bind("houses")
                .bind("[\"house:1\"]")
                .bind(0)
                .fetch_all(&pool)
                .await
                .unwrap();
        let seeks =
            plan.iter().any(|(.., step)| step.contains("SEARCH c USING PRIMARY KEY (cache=? AND key=?)"));
        assert!(seeks, "{plan:?}");
    }
}
