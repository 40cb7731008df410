use std::sync::atomic::{AtomicI64, Ordering};

use super::dialect::{Dialect, Given, number};
use super::layer::Sql;
use crate::layers::shared::LayerError;
use crate::options::SqlConfig;

/// The layer's bound: the rows written least recently go, by `born`, which orders them as their writers began.
///
/// A row, and a tombstone above all, refuses loads that are older than it. So that taking it out lets none of them in, the
/// youngest `born` to go is first kept in a row of its own, the floor, which every fill is compared with. A fill that did not
/// see the floor rise ends within its time limit; hence what lies below it goes with the next sweep, which comes later.
#[derive(Debug)]
pub(super) struct Eviction {
    max_rows: Option<i64>,
    /// The floor as the last sweep left it.
    settled: AtomicI64,
}

/// Rows taken out by one statement, so that writers get their turn in between.
const CHUNK: i64 = 1_000;

/// The floor's row lies under a key that no region's is.
const RAISE_FLOOR: &str = "
    INSERT INTO mainstay_cache (cache, key, bytes, born, expires_at)
    SELECT $1, '', NULL, old.born, 9223372036854775807 FROM (
        SELECT born FROM mainstay_cache WHERE cache = $1 AND key <> '' ORDER BY born DESC LIMIT 1 OFFSET $2) old
    WHERE true
    ON CONFLICT (cache, key) DO UPDATE SET born = excluded.born WHERE excluded.born > mainstay_cache.born";

const FLOOR: &str = "SELECT key, born FROM mainstay_cache WHERE cache = $1 AND key = ''";

impl Eviction {
    pub(super) fn new(config: &SqlConfig) -> Self {
        Self { max_rows: config.max_rows.map(number), settled: AtomicI64::new(0) }
    }
}

impl<D: Dialect> Sql<D> {
    /// Answers how many rows went.
    pub(super) async fn evict(&self) -> Result<u64, LayerError> {
        let Some(max_rows) = self.eviction.max_rows else { return Ok(0) };
        let (cache, settled) = (Given::Text(&self.cache), self.eviction.settled.load(Ordering::Relaxed));
        let (mut evicted, mut more) = (0, settled > 0);
        while more {
            let gone = self.execute(D::EVICT, &[cache, Given::Number(settled), Given::Number(CHUNK)]).await?;
            evicted += gone;
            more = gone > 0;
        }
        self.execute(RAISE_FLOOR, &[cache, Given::Number(max_rows)]).await?;
        let floor = self.numbers(FLOOR, &[cache]).await?;
        self.eviction.settled.store(floor.first().map_or(0, |(_, born)| *born), Ordering::Relaxed);
        Ok(evicted)
    }
}
