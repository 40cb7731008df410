use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgPoolOptions};
use sqlx::{Arguments as _, PgPool};

use super::dialect::{Dialect, Given, Row, number};
use super::layer::Opening;
use crate::error::CacheError;
use crate::layers::lower::Lower;
use crate::layers::shared::Item;

/// The lock keeps two nodes that start together from making the tables at once, which PostgreSQL answers with an error.
const TABLES: &str = "
    SELECT pg_advisory_xact_lock(7165065);
    CREATE TABLE IF NOT EXISTS mainstay_cache (
        cache TEXT NOT NULL, key TEXT NOT NULL, bytes BYTEA, born BIGINT NOT NULL, expires_at BIGINT NOT NULL,
        PRIMARY KEY (cache, key));
    CREATE INDEX IF NOT EXISTS mainstay_cache_expiry ON mainstay_cache (cache, expires_at);
    CREATE INDEX IF NOT EXISTS mainstay_cache_age ON mainstay_cache (cache, born);
    CREATE TABLE IF NOT EXISTS mainstay_cache_stamps (
        cache TEXT NOT NULL, name TEXT NOT NULL, stamp BIGINT NOT NULL, PRIMARY KEY (cache, name));
    CREATE INDEX IF NOT EXISTS mainstay_cache_stamps_newest ON mainstay_cache_stamps (cache, stamp);";

/// Rows are locked in the order of their keys, so that two writers of the same keys do not deadlock.
const FILL: &str = "
    INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
    SELECT $1, n.key, n.bytes, n.born, n.expires_at
    FROM unnest($2::text[], $3::bytea[], $4::bigint[], $5::bigint[]) AS n (key, bytes, born, expires_at)
    WHERE NOT EXISTS (SELECT 1 FROM mainstay_cache WHERE cache = $1 AND key = '' AND born >= n.born)
    ORDER BY n.key
    ON CONFLICT (cache, key) DO UPDATE
    SET bytes = excluded.bytes, born = excluded.born, expires_at = excluded.expires_at
    WHERE excluded.born >= mainstay_cache.born";

#[derive(Debug)]
struct Postgres(PgPool);

pub(crate) async fn open_postgres(url: &str, opening: &Opening<'_>) -> Result<Lower, CacheError> {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(2))
        .connect(url)
        .await
        .map_err(|error| opening.failed(error))?;
    sqlx::raw_sql(TABLES).execute(&pool).await.map_err(|error| opening.failed(error))?;
    opening.over(Postgres(pool)).await
}

impl Dialect for Postgres {
    const PRIVATE: bool = false;

    /// Values and the newest stamp in one statement, hence of one snapshot.
    const READ: &'static str = "
        SELECT s.newest, c.key, c.bytes, c.born
        FROM (SELECT coalesce(max(stamp), 0) AS newest FROM mainstay_cache_stamps WHERE cache = $1) s
        LEFT JOIN mainstay_cache c ON c.cache = $1 AND c.key = ANY($2) AND c.expires_at > $3";

    const REVOKE: &'static str = "
        INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
        SELECT DISTINCT $1, n.key, NULL::bytea, $2::bigint, $3::bigint FROM unnest($4::text[]) AS n (key) ORDER BY n.key
        ON CONFLICT (cache, key) DO UPDATE
        SET bytes = NULL, born = excluded.born, expires_at = excluded.expires_at
        WHERE excluded.born >= mainstay_cache.born";

    const STAMP: &'static str = "
        INSERT INTO mainstay_cache_stamps (cache, name, stamp) VALUES ($1, $2, $3)
        ON CONFLICT (cache, name) DO UPDATE SET stamp = greatest(mainstay_cache_stamps.stamp, excluded.stamp)";

    /// A row that is locked is being written anew: it is left out, which also keeps this from waiting for writers that wait for it.
    const EVICT: &'static str = "
        DELETE FROM mainstay_cache WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM mainstay_cache WHERE cache = $1 AND born <= $2 AND key <> ''
            LIMIT $3 FOR UPDATE SKIP LOCKED))";

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
        sent.fetch_add(1, Ordering::Relaxed);
        let done = sqlx::query(FILL)
            .bind(cache)
            .bind(items.iter().map(|item| &*item.key).collect::<Vec<&str>>())
            .bind(items.iter().map(|item| &*item.bytes).collect::<Vec<&[u8]>>())
            .bind(items.iter().map(|item| number(item.born)).collect::<Vec<i64>>())
            .bind(items.iter().map(|item| number(item.expires_ms)).collect::<Vec<i64>>())
            .execute(&self.0)
            .await?;
        Ok(done.rows_affected())
    }
}

fn arguments(given: &[Given<'_>]) -> sqlx::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for one in given {
        match one {
            Given::Text(text) => arguments.add(*text),
            Given::Number(number) => arguments.add(*number),
            Given::Bytes(bytes) => arguments.add(*bytes),
            Given::Keys(keys) => arguments.add(keys.iter().map(|key| &**key).collect::<Vec<&str>>()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
