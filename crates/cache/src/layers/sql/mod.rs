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
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::lower::Lower;
use super::shared::{Item, LayerError, Shared, Slot};
use crate::clock::Clock;
use crate::error::CacheError;
use crate::options::SqlConfig;
use crate::stamps::{Stamps, Target};

const TIME_LIMIT: Duration = Duration::from_secs(5);
const BACKLOG: usize = 1_024;
/// Where a value's bytes say when it was created, as SQL counts bytes.
const CREATED_AT: i32 = 38;
const _: () = assert!(crate::codec::header::CREATED_AT == 37, "SQL counts from one");
/// How long a tombstone refuses older loads: longer than any load and its write behind take.
const TOMBSTONE_MS: u64 = 3_600_000;

/// What both databases share: the process's clock and stamps, and how much of the stored stamps is merged into them.
///
/// A row is `(cache, key) -> bytes, born, expires_at`; one without bytes is a tombstone. Nothing older than a row's `born`
/// replaces it, and nothing as old as what the sweeper took out for want of room is filled in again (see [`Evicting`]).
/// Stamps lie in a second table, so that a restart does not revive what a pattern invalidated.
#[derive(Debug)]
struct Common {
    cache: Arc<str>,
    clock: Arc<Clock>,
    stamps: Arc<Stamps>,
    stamp_bound: i64,
    /// The newest stored stamp already merged.
    known: AtomicU64,
    statements: AtomicU64,
    evicting: Evicting,
}

impl Common {
    fn new(
        cache: &str,
        config: &SqlConfig,
        stamp_bound: usize,
        clock: &Arc<Clock>,
        stamps: &Arc<Stamps>,
    ) -> Self {
        Self {
            evicting: Evicting { max_rows: config.max_rows.map(number), settled: AtomicI64::new(0) },
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

/// The layer's bound: the rows written least recently go, by `born`, which orders them as their writers began.
///
/// A row, and a tombstone above all, refuses loads that are older than it. So that taking it out lets none of them in, the
/// youngest `born` to go is first kept in a row of its own, the floor, which every fill is compared with. A fill that did not
/// see the floor rise ends within its time limit; hence what lies below it goes with the next sweep, which comes later.
#[derive(Debug)]
struct Evicting {
    max_rows: Option<i64>,
    /// The floor as the last sweep left it.
    settled: AtomicI64,
}

/// Rows taken out by one statement, so that writers get their turn in between.
const CHUNK: i64 = 1_000;

/// The floor's row lies under a key that no region's is.
const RAISE_EVICTION_FLOOR: &str = "
    INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
    SELECT $1, '', NULL, old.born, 9223372036854775807 FROM (
        SELECT born FROM mainstay_cache WHERE cache = $1 AND key <> '' ORDER BY born DESC LIMIT 1 OFFSET $2) old
    WHERE true
    ON CONFLICT (cache, key) DO UPDATE SET born = excluded.born WHERE excluded.born > mainstay_cache.born";

const EVICTION_FLOOR: &str = "SELECT born FROM mainstay_cache WHERE cache = $1 AND key = ''";

/// The newest stored stamp, and, where there is a row: key, bytes, born.
type Row = (i64, Option<String>, Option<Vec<u8>>, Option<i64>);

/// `private`: no other node writes to it.
fn lower(cache: &str, layer: Arc<dyn Shared>, private: bool, config: &SqlConfig) -> Lower {
    let lower = Lower::new(&format!("{cache}.l3"), layer, private, TIME_LIMIT, BACKLOG)
        .expect("the limit above is in range");
    lower.write_behind().swept_every(config.sweep)
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
