//! Step 4, first half: what memory answers, and whether it is still to be believed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::entry::{Entry, Hit, Source};
use crate::inner::Inner;
use crate::region::RegionMeta;

impl Inner {
    /// An ordinary hit: one lookup, one look at the clock, one comparison of the stamp epoch, one `Arc` clone.
    pub(crate) fn recall(&self, region: &RegionMeta, key: &str) -> Option<Arc<Entry>> {
        let entry = self.l1.get(key)?;
        if entry.region != region.id {
            return None;
        }
        if entry.deadline <= Instant::now() || !self.is_trusted(&entry) || !self.believes(&entry, key) {
            return None;
        }
        Some(entry)
    }

    /// Step 4: whether this node has heard enough of late to serve the entry. Judged by time and not by a task, so that a
    /// process that stood still serves nothing old when it goes on.
    fn is_trusted(&self, entry: &Entry) -> bool {
        let now = self.clock.coarse();
        now < self.standing.trust.until() || now < entry.sure_until
    }

    /// What is read from the source or the keeper from now on is served for so long, whoever is lost.
    pub(crate) fn sure_until(&self) -> u64 {
        self.l2.as_ref().map_or(u64::MAX, |l2| {
            let bound = u64::try_from(l2.config.staleness_bound.as_micros()).unwrap_or(u64::MAX);
            self.clock.coarse().saturating_add(bound)
        })
    }

    pub(crate) fn believes(&self, entry: &Entry, key: &str) -> bool {
        // Read before the table: a stamp recorded in between leaves an epoch that differs from the one noted here.
        let epoch = self.stamps.epoch();
        if entry.checked.load(Ordering::Relaxed) == epoch {
            return true;
        }
        let alive = self.stamps.alive(entry.born, key, &entry.tags);
        if alive {
            entry.checked.store(epoch, Ordering::Relaxed);
        }
        alive
    }

    pub(crate) fn hit<V: Send + Sync + 'static>(&self, entry: &Entry, source: Source) -> Option<Hit<V>> {
        let age = Duration::from_millis(self.clock.wall_ms().saturating_sub(entry.created_ms));
        entry.value().map(|value| Hit { value, source, age })
    }
}
