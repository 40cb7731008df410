//! Step 4, first half: what memory answers, and whether it is still to be believed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::entry::{Answer, Entry, Freshness, Hit, Source, Why};
use crate::flight::Departure;
use crate::inner::Inner;
use crate::key::{CacheKey, Probe, with_rendered};
use crate::layers::memory::{Glance, Lookup};
use crate::life::Stage;
use crate::monotonic::RESOLUTION;
use crate::region::RegionMeta;

/// What memory has for a key, and what it is good for.
pub(crate) struct Recalled {
    pub(crate) entry: Arc<Entry>,
    pub(crate) stage: Stage,
    /// This node has not heard of the others for too long: good for fail-safe alone.
    pub(crate) suspect: bool,
}

impl Recalled {
    pub(crate) fn freshness(&self) -> Freshness {
        let held_off = || self.entry.held_off(Instant::now());
        match self.stage {
            Stage::Fresh | Stage::Due => Freshness::Fresh,
            _ if self.suspect => Freshness::Stale { why: Why::Suspect },
            _ => Freshness::Stale { why: held_off().unwrap_or(Why::NotLoading) },
        }
    }
}

impl Inner {
    /// An ordinary hit: one lookup, one `Arc` clone, one look at a coarse clock, one comparison of the stamp epoch.
    #[inline]
    pub(crate) fn glance<K, V>(&self, region: &RegionMeta, key: &K) -> Option<Arc<V>>
    where
        K: CacheKey + ?Sized,
        V: Send + Sync + 'static,
    {
        let found = with_lookup(region, key, |at| {
            let found = self.l1.glance(at, |found| {
                let now = self.clock.now();
                self.l1.requested(at, now, Some(found));
                self.is_plain(region, found, now)
            });
            if found.is_none() {
                self.l1.requested(at, self.clock.now(), None);
            }
            found.map(|(plain, value)| if plain { value.downcast().ok() } else { None })
        });
        match found? {
            Some(value) => Some(value),
            // All that a plain hit is not made of is looked at in whole.
            None => with_rendered(&region.prefix, key, |text| self.recall(region, text))
                .and_then(|own| own.value()),
        }
    }

    #[inline]
    fn is_plain(&self, region: &RegionMeta, found: &Glance, now: u64) -> bool {
        found.plain_until > now
            && (self.standing.trust.until() > now || found.sure_until > now)
            && found.checked.load(Ordering::Relaxed) == self.stamps.epoch()
            && found.region == region.id
            && region.options.layers.reads(Source::L1)
    }

    /// [`glance`](Self::glance) with the value's provenance, for a request that begins with it.
    pub(crate) fn ask<V: Send + Sync + 'static>(&self, region: &RegionMeta, text: &str) -> Option<Answer<V>> {
        let at = Lookup::rendered(region.id, &region.prefix, text);
        let mut entry = None;
        let found = self.l1.glance(&at, |found| {
            let now = self.clock.now();
            let plain = self.is_plain(region, found, now);
            if !plain {
                entry = self.recall(region, text);
            }
            self.l1.requested(&at, now, (plain || entry.is_some()).then_some(found));
            plain.then_some(found.created_ms)
        });
        match found {
            None => {
                self.l1.requested(&at, self.clock.now(), None);
                None
            }
            Some((Some(created_ms), value)) => {
                let (age, source, freshness) = (self.age(created_ms), Source::L1, Freshness::Fresh);
                Some(Answer::Hit(Hit { value: value.downcast().ok()?, source, age, freshness }))
            }
            Some((None, _)) => self.answer(&*entry?, Source::L1, Freshness::Fresh),
        }
    }

    /// The whole of a live entry, which more than a plain hit is to be made of. To the store's policy it is no request: who
    /// looks again for a key that was just asked for would make it look popular.
    #[cold]
    pub(crate) fn recall(&self, region: &RegionMeta, text: &str) -> Option<Arc<Entry>> {
        let at = Lookup::rendered(region.id, &region.prefix, text);
        let now = self.clock.now();
        let entry = self.believed(region, &at, text)?;
        (entry.plain_until() > now && self.is_trusted(&entry)).then_some(entry)
    }

    /// What memory holds and no stamp makes dead, whatever its age.
    fn believed(&self, region: &RegionMeta, at: &Lookup<'_>, text: &str) -> Option<Arc<Entry>> {
        // Most look in vain, and for that a shared lock is enough.
        if !region.options.layers.reads(Source::L1) || !self.l1.has(at) {
            return None;
        }
        let entry = self.l1.entry(at)?;
        let noted = entry.checked.load(Ordering::Relaxed);
        if entry.region != region.id || !self.believes(&entry, text) {
            return None;
        }
        if entry.checked.load(Ordering::Relaxed) != noted {
            self.l1.note(at, &entry);
        }
        Some(entry)
    }

    /// What memory holds under a key, dead or alive.
    pub(crate) fn held(&self, region: &RegionMeta, text: &str) -> Option<Arc<Entry>> {
        self.l1.entry(&Lookup::rendered(region.id, &region.prefix, text))
    }

    /// All that memory has, also what a plain hit may not be made of; nothing that is dead or was invalidated.
    pub(crate) fn examine(&self, region: &RegionMeta, key: &str) -> Option<Recalled> {
        let entry = self.believed(region, &Lookup::rendered(region.id, &region.prefix, key), key)?;
        let (stage, suspect) = (entry.stage(Instant::now()), !self.is_trusted(&entry));
        match stage {
            Stage::Dead => None,
            _ if suspect => Some(Recalled { entry, stage: Stage::Reserve, suspect }),
            _ => Some(Recalled { entry, stage, suspect }),
        }
    }

    /// Step 4: whether this node has heard enough of late to serve the entry. Judged by time and not by a task, so that a
    /// process that stood still serves nothing old when it goes on.
    pub(crate) fn is_trusted(&self, entry: &Entry) -> bool {
        self.vouches(entry.sure_until)
    }

    pub(crate) fn vouches(&self, sure_until: u64) -> bool {
        let now = self.clock.now();
        now < self.standing.trust.until() || now < sure_until
    }

    /// Of a flight that begins now.
    pub(crate) fn departure(&self) -> Departure {
        Departure { born: self.clock.read(), sure_until: self.sure_until() }
    }

    /// Step 4: whether who comes now may have what a flight brings that began then. It is judged like an entry, for it is as
    /// old as one that was loaded when it began.
    pub(crate) fn may_join(&self, flight: Departure, key: &str) -> bool {
        self.vouches(flight.sure_until) && self.stamps.joinable(flight.born, key)
    }

    /// What is read from the source or the keeper from now on is served for so long, whoever is lost.
    pub(crate) fn sure_until(&self) -> u64 {
        self.l2
            .as_ref()
            .map_or(u64::MAX, |l2| self.clock.deadline(l2.config.staleness_bound.saturating_sub(RESOLUTION)))
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

    pub(crate) fn answer<V: Send + Sync + 'static>(
        &self,
        entry: &Entry,
        source: Source,
        freshness: Freshness,
    ) -> Option<Answer<V>> {
        self.answer_at(self.clock.wall_ms(), entry, source, freshness)
    }

    pub(crate) fn answer_at<V: Send + Sync + 'static>(
        &self,
        now_ms: u64,
        entry: &Entry,
        source: Source,
        freshness: Freshness,
    ) -> Option<Answer<V>> {
        if entry.is_absence() {
            return Some(Answer::Absent);
        }
        let age = Duration::from_millis(now_ms.saturating_sub(entry.created_ms));
        entry.value().map(|value| Answer::Hit(Hit { value, source, age, freshness }))
    }

    /// Time since a value was loaded or set, on any node.
    pub(crate) fn age(&self, created_ms: u64) -> Duration {
        Duration::from_millis(self.clock.wall_ms().saturating_sub(created_ms))
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
