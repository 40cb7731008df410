use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Common, Row, failed, lower, number, unopened, unsigned, youngest};
use crate::clock::Clock;
use crate::error::CacheError;
use crate::layers::backlog::Revocation;
use crate::layers::lower::Lower;
use crate::layers::shared::{Item, LayerError, Prolonged, Shared, Slot};
use crate::options::SqlConfig;
use crate::stamps::Stamps;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS mainstay_cache (
        cache TEXT NOT NULL, key TEXT NOT NULL, bytes BLOB, born INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        PRIMARY KEY (cache, key)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS mainstay_cache_expiry ON mainstay_cache (cache, expires_at);
    CREATE INDEX IF NOT EXISTS mainstay_cache_age ON mainstay_cache (cache, born);
    CREATE TABLE IF NOT EXISTS mainstay_cache_stamps (
        cache TEXT NOT NULL, name TEXT NOT NULL, stamp INTEGER NOT NULL, PRIMARY KEY (cache, name)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS mainstay_cache_stamps_newest ON mainstay_cache_stamps (cache, stamp);";

/// Values and the newest stamp in one statement, hence of one instant. The `+` keeps the planner from walking the expiry
/// index, which holds every live row, instead of seeking the keys.
const READ: &str = "
    SELECT s.newest, c.key, c.bytes, c.born
    FROM (SELECT coalesce(max(stamp), 0) AS newest FROM mainstay_cache_stamps WHERE cache = ?1) s
    LEFT JOIN mainstay_cache c
      ON c.cache = ?1 AND c.key IN (SELECT value FROM json_each(?2)) AND +c.expires_at > ?3";

const FILL: &str = "
    INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
    SELECT ?1, ?2, ?3, ?4, ?5
    WHERE NOT EXISTS (SELECT 1 FROM mainstay_cache WHERE cache = ?1 AND key = '' AND born >= ?4)
    ON CONFLICT (cache, key) DO UPDATE
    SET bytes = excluded.bytes, born = excluded.born, expires_at = excluded.expires_at
    WHERE excluded.born >= mainstay_cache.born";

/// A value is known by its `born` and by when it was created, which stands in its bytes.
const PROLONG: &str = "
    UPDATE mainstay_cache SET expires_at = max(expires_at, ?5)
    WHERE cache = ?1 AND key = ?2 AND born = ?3 AND substr(bytes, ?6, 8) = ?4";

const REVOKE: &str = "
    INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
    SELECT ?1, value, NULL, ?2, ?3 FROM json_each(?4) WHERE true
    ON CONFLICT (cache, key) DO UPDATE
    SET bytes = NULL, born = excluded.born, expires_at = excluded.expires_at
    WHERE excluded.born >= mainstay_cache.born";

const EVICT: &str = "
    DELETE FROM mainstay_cache WHERE cache = ?1 AND key IN (
        SELECT key FROM mainstay_cache WHERE cache = ?1 AND born <= ?2 AND key <> '' LIMIT ?3)";

const STAMP: &str = "
    INSERT INTO mainstay_cache_stamps (cache, name, stamp) VALUES (?1, ?2, ?3)
    ON CONFLICT (cache, name) DO UPDATE SET stamp = max(stamp, excluded.stamp)";

struct Sqlite {
    common: Common,
    pool: SqlitePool,
}

pub(crate) async fn open_sqlite(
    cache: &str,
    path: &Path,
    config: &SqlConfig,
    stamp_bound: usize,
    clock: &Arc<Clock>,
    stamps: &Arc<Stamps>,
) -> Result<Lower, CacheError> {
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
        .map_err(|error| unopened(cache, error))?;
    sqlx::raw_sql(TABLES).execute(&pool).await.map_err(|error| unopened(cache, error))?;
    let sqlite = Sqlite { common: Common::new(cache, config, stamp_bound, clock, stamps), pool };
    sqlite.remember().await.map_err(|error| unopened(cache, error))?;
    Ok(lower(cache, Arc::new(sqlite), true, config))
}

impl Sqlite {
    /// The clock must not fall behind what was written before a restart, whatever the wall clock says.
    async fn remember(&self) -> Result<(), LayerError> {
        self.common.sent();
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(born) FROM mainstay_cache WHERE cache = ?1")
            .bind(&*self.common.cache)
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
        self.common.clock.observe(unsigned(newest.unwrap_or(0)));
        self.learn().await
    }

    async fn learn(&self) -> Result<(), LayerError> {
        self.common.sent();
        let stored = sqlx::query_as("SELECT name, stamp FROM mainstay_cache_stamps WHERE cache = ?1")
            .bind(&*self.common.cache)
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        self.common.learn(stored);
        Ok(())
    }

    async fn write(&self, items: &[Item]) -> Result<u64, LayerError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let mut kept = 0;
        for item in youngest(items) {
            self.common.sent();
            let done = sqlx::query(FILL)
                .bind(&*self.common.cache)
                .bind(&*item.key)
                .bind(&*item.bytes)
                .bind(number(item.born))
                .bind(number(item.expires_ms))
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            kept += done.rows_affected();
        }
        transaction.commit().await.map_err(failed)?;
        Ok((items.len() as u64).saturating_sub(kept))
    }

    /// See [`Evicting`](super::Evicting).
    async fn evict(&self) -> Result<u64, LayerError> {
        let (cache, evicting) = (&*self.common.cache, &self.common.evicting);
        let Some(max_rows) = evicting.max_rows else { return Ok(0) };
        let settled = evicting.settled.load(Ordering::Relaxed);
        let (mut evicted, mut more) = (0, settled > 0);
        while more {
            self.common.sent();
            let chunk = sqlx::query(EVICT).bind(cache).bind(settled).bind(super::CHUNK);
            let gone = chunk.execute(&self.pool).await.map_err(failed)?.rows_affected();
            evicted += gone;
            more = gone > 0;
        }
        self.common.sent();
        sqlx::query(super::RAISE_EVICTION_FLOOR)
            .bind(cache)
            .bind(max_rows)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        self.common.sent();
        let floor: Option<i64> = sqlx::query_scalar(super::EVICTION_FLOOR)
            .bind(cache)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        evicting.settled.store(floor.unwrap_or(0), Ordering::Relaxed);
        Ok(evicted)
    }
}

impl Shared for Sqlite {
    fn read<'a>(&'a self, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<Vec<Slot>, LayerError>> {
        async move {
            self.common.sent();
            let rows: Vec<Row> = sqlx::query_as(READ)
                .bind(&*self.common.cache)
                .bind(json(keys))
                .bind(number(self.common.clock.wall_ms()))
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
            if rows.iter().any(|(newest, ..)| !self.common.knows(*newest)) {
                self.learn().await?;
            }
            Ok(super::slots(keys, rows))
        }
        .boxed()
    }

    fn fill<'a>(&'a self, items: &'a [Item]) -> BoxFuture<'a, Result<u64, LayerError>> {
        self.write(items).boxed()
    }

    fn prolong<'a>(&'a self, prolonged: &'a Prolonged) -> BoxFuture<'a, Result<(), LayerError>> {
        async move {
            self.common.sent();
            sqlx::query(PROLONG)
                .bind(&*self.common.cache)
                .bind(&*prolonged.key)
                .bind(number(prolonged.born))
                .bind(&prolonged.created_ms.to_be_bytes()[..])
                .bind(number(prolonged.expires_ms))
                .bind(super::CREATED_AT)
                .execute(&self.pool)
                .await
                .map_err(failed)
                .map(|_| ())
        }
        .boxed()
    }

    fn revoke<'a>(&'a self, at: u64, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), LayerError>> {
        async move {
            self.common.sent();
            let (cache, at) = (&*self.common.cache, number(at));
            let statement = match revocation {
                Revocation::Keys { keys, .. } => sqlx::query(REVOKE)
                    .bind(cache)
                    .bind(at)
                    .bind(self.common.tombstone_ends())
                    .bind(json(keys)),
                Revocation::Stamp(target) => sqlx::query(STAMP).bind(cache).bind(target.name()).bind(at),
            };
            statement.execute(&self.pool).await.map_err(failed).map(|_| ())
        }
        .boxed()
    }

    fn sweep(&self) -> BoxFuture<'_, Result<u64, LayerError>> {
        async move {
            self.common.sent();
            sqlx::query("DELETE FROM mainstay_cache WHERE cache = ?1 AND expires_at <= ?2")
                .bind(&*self.common.cache)
                .bind(number(self.common.clock.wall_ms()))
                .execute(&self.pool)
                .await
                .map_err(failed)?;
            self.common.sent();
            sqlx::query(super::RAISE_FLOOR)
                .bind(&*self.common.cache)
                .bind(self.common.stamp_bound)
                .execute(&self.pool)
                .await
                .map_err(failed)?;
            self.common.sent();
            sqlx::query(super::DROP_BELOW_FLOOR)
                .bind(&*self.common.cache)
                .execute(&self.pool)
                .await
                .map_err(failed)?;
            self.evict().await
        }
        .boxed()
    }

    fn statements(&self) -> u64 {
        self.common.statements.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("cache", &self.common.cache).finish_non_exhaustive()
    }
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
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {READ}")))
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
