#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub(crate) use postgres::open_postgres;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::open_sqlite;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::lower::Lower;
use super::shared::{Item, LayerError, Shared, Slot};
use crate::clock::Clock;
use crate::error::CacheError;
use crate::stamps::{Stamps, Target};

const TIME_LIMIT: Duration = Duration::from_secs(5);
const BACKLOG: usize = 1_024;
const SWEEP: Duration = Duration::from_secs(60);
/// How long a tombstone refuses older loads: longer than any load and its write behind take.
const TOMBSTONE_MS: u64 = 3_600_000;

/// What both databases share: the process's clock and stamps, and how much of the stored stamps is merged into them.
///
/// A row is `(cache, key) -> bytes, born, expires_at`; one without bytes is a tombstone. Nothing older than a row's `born`
/// replaces it. Stamps lie in a second table, so that a restart does not revive what a pattern invalidated.
#[derive(Debug)]
struct Common {
    cache: Arc<str>,
    clock: Arc<Clock>,
    stamps: Arc<Stamps>,
    stamp_bound: i64,
    /// The newest stored stamp already merged.
    known: AtomicU64,
    statements: AtomicU64,
}

impl Common {
    fn new(cache: &str, stamp_bound: usize, clock: &Arc<Clock>, stamps: &Arc<Stamps>) -> Self {
        Self {
            cache: cache.into(),
            clock: clock.clone(),
            stamps: stamps.clone(),
            stamp_bound: i64::try_from(stamp_bound).unwrap_or(i64::MAX),
            known: AtomicU64::new(0),
            statements: AtomicU64::new(0),
        }
    }

    fn sent(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    fn tombstone_ends(&self) -> i64 {
        number(self.clock.wall_ms() + TOMBSTONE_MS)
    }

    fn learn(&self, stored: Vec<(String, i64)>) {
        let stored = stored.into_iter().map(|(name, stamp)| (name, unsigned(stamp)));
        let stamps: Vec<(Target, u64)> =
            stored.filter_map(|(name, stamp)| Some((Target::from_name(&name)?, stamp))).collect();
        let newest = stamps.iter().map(|(_, stamp)| *stamp).max().unwrap_or(0);
        self.clock.observe(newest);
        self.stamps.merge(stamps);
        // Only now, so that nobody skips what is not merged yet.
        self.known.fetch_max(newest, Ordering::AcqRel);
    }

    fn knows(&self, newest: i64) -> bool {
        unsigned(newest) <= self.known.load(Ordering::Acquire)
    }
}

/// The newest stored stamp, and, where there is a row: key, bytes, born.
type Row = (i64, Option<String>, Option<Vec<u8>>, Option<i64>);

/// `private`: no other node writes to it.
fn lower(layer: Arc<dyn Shared>, private: bool) -> Lower {
    let lower = Lower::new("l3", layer, private, TIME_LIMIT, BACKLOG).expect("the limit above is in range");
    lower.write_behind().swept_every(SWEEP)
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

fn number(unsigned: u64) -> i64 {
    i64::try_from(unsigned).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: sqlx::Error) -> LayerError {
    LayerError::Away(error.to_string())
}

fn unopened(cache: &str, error: impl std::fmt::Display) -> CacheError {
    CacheError::Sql { cache: cache.to_owned(), reason: error.to_string() }
}

/// The stamps beyond the bound give way to the floor, whose name is `*`: first the floor is raised, then they go, so that a
/// reader in between sees too much dead and never too little.
const RAISE_FLOOR: &str = "
    INSERT INTO mainstay_cache_stamps (cache, name, stamp)
    SELECT $1, '*', old.stamp FROM (
        SELECT stamp FROM mainstay_cache_stamps WHERE cache = $1 AND name <> '*'
        ORDER BY stamp DESC LIMIT 1 OFFSET $2) old
    WHERE true
    ON CONFLICT (cache, name) DO UPDATE SET stamp = excluded.stamp WHERE excluded.stamp > mainstay_cache_stamps.stamp";

const DROP_BELOW_FLOOR: &str = "
    DELETE FROM mainstay_cache_stamps WHERE cache = $1 AND name <> '*'
    AND stamp <= (SELECT stamp FROM mainstay_cache_stamps WHERE cache = $1 AND name = '*')";

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
