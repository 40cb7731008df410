//! Step 4, first half: what memory answers, and whether it is still to be believed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::cache::Inner;
use crate::entry::{Entry, Hit, Source};
use crate::key::{CacheKey, Probe, with_rendered};
use crate::layers::memory::Lookup;
use crate::region::RegionMeta;

impl Inner {
    /// An ordinary hit: one lookup, one `Arc` clone, one look at a coarse clock, one comparison of the stamp epoch.
    #[inline]
    pub(crate) fn glance<K, V>(&self, region: &RegionMeta, key: &K) -> Option<Arc<V>>
    where
        K: CacheKey + ?Sized,
        V: Send + Sync + 'static,
    {
        let found = with_lookup(region, key, |at| self.l1.get(at))?;
        let now = self.clock.now();
        if found.plain_until > now
            && self.trust.until() > now
            && found.checked.load(Ordering::Relaxed) == self.stamps.epoch()
            && found.region == region.id
        {
            return found.value.downcast().ok();
        }
        drop(found);
        with_rendered(&region.prefix, key, |text| self.recall(region, text)).and_then(|entry| entry.value())
    }

    /// The whole of a live entry, which more than a plain hit is to be made of.
    #[cold]
    pub(crate) fn recall(&self, region: &RegionMeta, text: &str) -> Option<Arc<Entry>> {
        let at = Lookup::rendered(region.id, &region.prefix, text);
        // First as a hit is, for the sake of the store's policy, and since that takes no more than a shared lock.
        let found = self.l1.get(&at)?;
        let now = self.clock.now();
        if found.region != region.id || self.trust.until() <= now {
            return None;
        }
        let entry = self.l1.entry(&at)?;
        if entry.region != region.id || entry.deadline <= now || !self.believes(&entry, text) {
            return None;
        }
        if entry.checked.load(Ordering::Relaxed) != found.checked.load(Ordering::Relaxed) {
            self.l1.note(&at, &entry);
        }
        Some(entry)
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

/// Finds a key's place in memory, rendering it only if it must.
#[inline]
fn with_lookup<K, R>(region: &RegionMeta, key: &K, look: impl FnOnce(&Lookup<'_>) -> R) -> R
where
    K: CacheKey + ?Sized,
{
    let at = match key.probe() {
        Probe::Number(number) => Lookup::number(region.id, number),
        Probe::Text(rest) => Lookup::text(region.id, rest),
        Probe::Rendered => {
            return with_rendered(&region.prefix, key, |text| {
                look(&Lookup::rendered(region.id, &region.prefix, text))
            });
        }
    };
    debug_assert!(
        with_rendered(&region.prefix, key, |text| Lookup::rendered(region.id, &region.prefix, text) == at),
        "a key's probe says what its rendering says"
    );
    look(&at)
}
