use std::sync::atomic::{AtomicU64, Ordering};

use super::dialect::{Dialect, Given, unsigned};
use super::layer::Sql;
use crate::layers::shared::LayerError;
use crate::stamps::Target;

/// How much of the stamps that lie in the database is merged into the process's. They lie there so that a restart does not
/// revive what a pattern invalidated.
#[derive(Debug)]
pub(super) struct StoredStamps {
    /// How many are kept.
    bound: i64,
    /// The newest one that is merged.
    known: AtomicU64,
}

const ALL: &str = "SELECT name, stamp FROM mainstay_cache_stamps WHERE cache = $1";

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

impl StoredStamps {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound: i64::try_from(bound).unwrap_or(i64::MAX), known: AtomicU64::new(0) }
    }

    /// Whether all are merged, if this is the newest.
    pub(super) fn knows(&self, newest: i64) -> bool {
        unsigned(newest) <= self.known.load(Ordering::Acquire)
    }
}

impl<D: Dialect> Sql<D> {
    pub(super) async fn learn_stamps(&self) -> Result<(), LayerError> {
        let stored = self.numbers(ALL, &[Given::Text(&self.cache)]).await?;
        let stored = stored.into_iter().map(|(name, stamp)| (name, unsigned(stamp)));
        let stamps: Vec<(Target, u64)> =
            stored.filter_map(|(name, stamp)| Some((Target::from_name(&name)?, stamp))).collect();
        let newest = stamps.iter().map(|(_, stamp)| *stamp).max().unwrap_or(0);
        self.clock.observe(newest);
        self.stamps.merge(stamps);
        // Only now, so that nobody skips what is not merged yet.
        self.stored_stamps.known.fetch_max(newest, Ordering::AcqRel);
        Ok(())
    }

    pub(super) async fn bound_stamps(&self) -> Result<(), LayerError> {
        let cache = Given::Text(&self.cache);
        self.execute(RAISE_FLOOR, &[cache, Given::Number(self.stored_stamps.bound)]).await?;
        self.execute(DROP_BELOW_FLOOR, &[cache]).await.map(drop)
    }
}
