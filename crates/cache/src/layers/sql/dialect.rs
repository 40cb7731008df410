use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::layers::shared::Item;

/// A database as [`Sql`](super::layer::Sql) uses it: what it is told in words of its own, and how it is told.
pub(super) trait Dialect: fmt::Debug + Send + Sync + 'static {
    /// Whether no other node writes to it.
    const PRIVATE: bool;
    /// [`Row`]s of a cache (1) under keys (2) that expire later than this (3), and at least one with the newest stamp. One
    /// statement, hence of one instant.
    const READ: &'static str;
    /// Makes tombstones in a cache (1), born then (2), until this (3), of keys (4).
    const REVOKE: &'static str;
    /// Notes in a cache (1), under a name (2), a stamp (3).
    const STAMP: &'static str;
    /// Takes out rows of a cache (1) that were not born later than this (2), at most so many (3), and not the eviction floor.
    const EVICT: &'static str;

    /// Answers how many rows it touched.
    fn execute(
        &self,
        statement: &'static str,
        given: &[Given<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    fn rows(
        &self,
        statement: &'static str,
        given: &[Given<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<Row>>> + Send;

    /// A name and a number a row.
    fn numbers(
        &self,
        statement: &'static str,
        given: &[Given<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<(String, i64)>>> + Send;

    /// Writes items of different keys, each unless its row or the eviction floor is younger; answers how many it wrote and
    /// adds to `sent` how many statements that took.
    fn fill(
        &self,
        cache: &str,
        items: &[&Item],
        sent: &AtomicU64,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;
}

/// What stands for a `$1` of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    Text(&'a str),
    Number(i64),
    Bytes(&'a [u8]),
    Keys(&'a [Arc<str>]),
}

/// The newest stored stamp, and, where there is a row: key, bytes, born.
pub(super) type Row = (i64, Option<String>, Option<Vec<u8>>, Option<i64>);

pub(super) fn number(unsigned: u64) -> i64 {
    i64::try_from(unsigned).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
