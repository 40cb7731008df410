use sqlx::Connection;

use super::manager::PostgresManager;
use crate::observer::Observer;
use crate::pool::Pool;

/// The prepared statements that a pool's idle connections keep.
///
/// Where `largest` stays at the cache's capacity, 100 unless
/// [`statement_cache_capacity`](sqlx::postgres::PgConnectOptions::statement_cache_capacity) says otherwise, statements push each other out
/// and are parsed over and over: often a text with values written into it instead of bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementCache {
    /// Connections that were asked.
    pub connections: usize,
    /// Statements they keep in all.
    pub statements: usize,
    /// The most that one of them keeps.
    pub largest: usize,
}

/// Counts the prepared statements of the connections that are idle now; asks no server.
pub fn statement_cache<O: Observer>(pool: &Pool<PostgresManager, O>) -> StatementCache {
    let mut cache = StatementCache::default();
    pool.retain(|connection, _| {
        let statements = connection.cached_statements_size();
        cache.connections += 1;
        cache.statements += statements;
        cache.largest = cache.largest.max(statements);
        true
    });
    cache
}
