//! Step 4, first half: what memory answers, and whether it is still to be believed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::cache::Inner;
use crate::entry::{Entry, Hit, Source};
use crate::key::{CacheKey, Probe, with_rendered};
use crate::layers::memory::{Glance, Lookup};
use crate::region::RegionMeta;

impl Inner {
    /// An ordinary hit: one lookup, one `Arc` clone, one look at a coarse clock, one comparison of the stamp epoch.
    #[inline]
    pub(crate) fn glance<K, V>(&self, region: &RegionMeta, key: &K) -> Option<Arc<V>>
    where
        K: CacheKey + ?Sized,
        V: Send + Sync + 'static,
    {
        let found = with_lookup(region, key, |at| {
            let (found, now) = (self.l1.get(at), self.clock.now());
            self.l1.requested(at, now, found.as_ref());
            found.map(|found| (self.is_plain(region, &found, now), found))
        });
        match found? {
            (true, found) => found.value.downcast().ok(),
            (false, _) => with_rendered(&region.prefix, key, |text| self.recall(region, text))
                .and_then(|own| own.value()),
        }
    }

    #[inline]
    fn is_plain(&self, region: &RegionMeta, found: &Glance, now: u64) -> bool {
        found.plain_until > now
            && self.trust.until() > now
            && found.checked.load(Ordering::Relaxed) == self.stamps.epoch()
            && found.region == region.id
    }

    /// [`recall`](Self::recall) for a request that begins with it.
    pub(crate) fn ask(&self, region: &RegionMeta, text: &str) -> Option<Arc<Entry>> {
        let at = Lookup::rendered(region.id, &region.prefix, text);
        let entry = self.l1.get(&at).and_then(|_| self.recall(region, text));
        self.l1.asked(&at, self.clock.now(), entry.as_deref());
        entry
    }

    /// The whole of a live entry, which more than a plain hit is to be made of. To the store's policy it is no request: who
    /// looks again for a key that was just asked for would make it look popular.
    #[cold]
    pub(crate) fn recall(&self, region: &RegionMeta, text: &str) -> Option<Arc<Entry>> {
        let at = Lookup::rendered(region.id, &region.prefix, text);
        let now = self.clock.now();
        // Most look in vain, and for that a shared lock is enough.
        if self.trust.until() <= now || !self.l1.has(&at) {
            return None;
        }
        let entry = self.l1.entry(&at)?;
        let noted = entry.checked.load(Ordering::Relaxed);
        if entry.region != region.id || entry.deadline <= now || !self.believes(&entry, text) {
            return None;
        }
        if entry.checked.load(Ordering::Relaxed) != noted {
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
