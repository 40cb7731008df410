use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt as _;

use super::dialect::{Dialect, Given, Row, number, unsigned};
use super::eviction::Eviction;
use super::stored_stamps::StoredStamps;
use crate::clock::Clock;
use crate::codec::header::CREATED_AT;
use crate::error::CacheError;
use crate::layers::backlog::Revocation;
use crate::layers::lower::Lower;
use crate::layers::shared::{Item, LayerError, Prolonged, Reply, Shared, Slot};
use crate::options::SqlConfig;
use crate::stamps::Stamps;

const TIME_LIMIT: Duration = Duration::from_secs(5);
const BACKLOG: usize = 1_024;
/// How long a tombstone refuses older loads: longer than any load and its write behind take.
const TOMBSTONE_MS: u64 = 3_600_000;

/// `substr` counts bytes from one.
const PROLONG: &str = "
    UPDATE mainstay_cache SET expires_at = $5
    WHERE cache = $1 AND key = $2 AND born = $3 AND substr(bytes, 38, 8) = $4 AND expires_at < $5";
const _: () = assert!(CREATED_AT + 1 == 38, "where a value's bytes say when it was created");
const NEWEST: &str = "SELECT key, born FROM mainstay_cache WHERE cache = $1 ORDER BY born DESC LIMIT 1";
const EXPIRE: &str = "DELETE FROM mainstay_cache WHERE cache = $1 AND expires_at <= $2";

/// The durable layer over one of the databases.
///
/// A row is `(cache, key) -> bytes, born, expires_at`; one without bytes is a tombstone. Nothing older than a row's `born`
/// replaces it, and nothing as old as what the sweeper took out for want of room is filled in again (see [`Eviction`]).
/// Stamps lie in a second table (see [`StoredStamps`]).
#[derive(Debug)]
pub(super) struct Sql<D> {
    pub(super) cache: Arc<str>,
    pub(super) clock: Arc<Clock>,
    pub(super) stamps: Arc<Stamps>,
    pub(super) stored_stamps: StoredStamps,
    pub(super) eviction: Eviction,
    dialect: D,
    sent: AtomicU64,
}

/// What a layer is opened for.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) cache: &'a str,
    pub(crate) config: &'a SqlConfig,
    pub(crate) stamp_bound: usize,
    pub(crate) clock: &'a Arc<Clock>,
    pub(crate) stamps: &'a Arc<Stamps>,
}

impl Opening<'_> {
    /// Over a database that has the tables.
    pub(super) async fn over<D: Dialect>(&self, dialect: D) -> Result<Lower, CacheError> {
        let layer = Sql {
            cache: self.cache.into(),
            clock: self.clock.clone(),
            stamps: self.stamps.clone(),
            stored_stamps: StoredStamps::new(self.stamp_bound),
            eviction: Eviction::new(self.config),
            dialect,
            sent: AtomicU64::new(0),
        };
        layer.remember().await.map_err(|error| self.failed(error))?;
        let name = format!("{}.l3", self.cache);
        let lower = Lower::new(&name, Arc::new(layer), D::PRIVATE, TIME_LIMIT, BACKLOG)
            .expect("the limit above is in range");
        Ok(lower.write_behind().swept_every(self.config.sweep))
    }

    pub(super) fn failed(&self, error: impl std::fmt::Display) -> CacheError {
        CacheError::Sql { cache: self.cache.to_owned(), reason: error.to_string() }
    }
}

impl<D: Dialect> Sql<D> {
    pub(super) async fn execute(
        &self,
        statement: &'static str,
        given: &[Given<'_>],
    ) -> Result<u64, LayerError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.dialect.execute(statement, given).await.map_err(failed)
    }

    pub(super) async fn numbers(
        &self,
        statement: &'static str,
        given: &[Given<'_>],
    ) -> Result<Vec<(String, i64)>, LayerError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.dialect.numbers(statement, given).await.map_err(failed)
    }

    /// The clock must not fall behind what was written before a restart, whatever the wall clock says.
    async fn remember(&self) -> Result<(), LayerError> {
        let newest = self.numbers(NEWEST, &[Given::Text(&self.cache)]).await?;
        self.clock.observe(newest.first().map_or(0, |(_, born)| unsigned(*born)));
        self.learn_stamps().await
    }

    fn now(&self) -> Given<'static> {
        Given::Number(number(self.clock.wall_ms()))
    }
}

impl<D: Dialect> Shared for Sql<D> {
    fn read<'a>(&'a self, keys: &'a [Arc<str>]) -> Reply<'a, Vec<Slot>> {
        async move {
            self.sent.fetch_add(1, Ordering::Relaxed);
            let given = [Given::Text(&self.cache), Given::Keys(keys), self.now()];
            let rows = self.dialect.rows(D::READ, &given).await.map_err(failed)?;
            if rows.iter().any(|(newest, ..)| !self.stored_stamps.knows(*newest)) {
                self.learn_stamps().await?;
            }
            Ok(slots(keys, rows))
        }
        .boxed()
    }

    fn fill<'a>(&'a self, items: &'a [Item]) -> Reply<'a, u64> {
        async move {
            let kept = self.dialect.fill(&self.cache, &youngest(items), &self.sent).await.map_err(failed)?;
            Ok((items.len() as u64).saturating_sub(kept))
        }
        .boxed()
    }

    fn prolong<'a>(&'a self, prolonged: &'a Prolonged) -> Reply<'a, ()> {
        async move {
            let created = prolonged.created_ms.to_be_bytes();
            let given = [
                Given::Text(&self.cache),
                Given::Text(&prolonged.key),
                Given::Number(number(prolonged.born)),
                Given::Bytes(&created),
                Given::Number(number(prolonged.expires_ms)),
            ];
            self.execute(PROLONG, &given).await.map(drop)
        }
        .boxed()
    }

    fn revoke<'a>(&'a self, at: u64, revocation: &'a Revocation) -> Reply<'a, ()> {
        async move {
            let (cache, at) = (Given::Text(&self.cache), Given::Number(number(at)));
            match revocation {
                Revocation::Keys { keys, .. } => {
                    let ends = Given::Number(number(self.clock.wall_ms() + TOMBSTONE_MS));
                    self.execute(D::REVOKE, &[cache, at, ends, Given::Keys(keys)]).await
                }
                Revocation::Stamp(target) => {
                    self.execute(D::STAMP, &[cache, Given::Text(&target.name()), at]).await
                }
            }
            .map(drop)
        }
        .boxed()
    }

    fn sweep(&self) -> Reply<'_, u64> {
        async move {
            self.execute(EXPIRE, &[Given::Text(&self.cache), self.now()]).await?;
            self.bound_stamps().await?;
            self.evict().await
        }
        .boxed()
    }

    fn statements(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: sqlx::Error) -> LayerError {
    LayerError::Away(error.to_string())
}

/// One statement may touch a row once: of several values for one key the youngest, and the later of equals.
fn youngest(items: &[Item]) -> Vec<&Item> {
    let mut by_key: HashMap<&str, &Item> = HashMap::with_capacity(items.len());
    for item in items {
        let own = by_key.entry(&item.key).or_insert(item);
        if item.born >= own.born {
            *own = item;
        }
    }
    by_key.into_values().collect()
}

/// The rows in the order of the keys. A tombstone's `born` is the floor of its key.
fn slots(keys: &[Arc<str>], rows: Vec<Row>) -> Vec<Slot> {
    let mut found: HashMap<String, Slot> = HashMap::with_capacity(rows.len());
    for (_, key, bytes, born) in rows {
        if let (Some(key), Some(born)) = (key, born) {
            found.insert(key, Slot { bytes, floor: unsigned(born) });
        }
    }
    keys.iter().map(|key| found.get(&**key).cloned().unwrap_or_default()).collect()
}
