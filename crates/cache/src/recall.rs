//! Step 4, first half: what memory answers, and whether it is still to be believed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::entry::{Answer, Entry, Freshness, Hit, Source, Why};
use crate::flight::Departure;
use crate::inner::Inner;
use crate::life::Stage;
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
    /// An ordinary hit: one lookup, one look at the clock, one comparison of the stamp epoch, one `Arc` clone.
    pub(crate) fn recall(&self, region: &RegionMeta, key: &str) -> Option<Arc<Entry>> {
        if !region.options.layers.reads(Source::L1) {
            return None;
        }
        let entry = self.l1.get(key)?;
        if entry.region != region.id {
            return None;
        }
        if entry.deadline <= Instant::now() || !self.is_trusted(&entry) || !self.believes(&entry, key) {
            return None;
        }
        Some(entry)
    }

    /// All that memory has, also what a plain hit may not be made of; nothing that is dead or was invalidated.
    pub(crate) fn examine(&self, region: &RegionMeta, key: &str) -> Option<Recalled> {
        if !region.options.layers.reads(Source::L1) {
            return None;
        }
        let entry = self.l1.get(key)?;
        if entry.region != region.id || !self.believes(&entry, key) {
            return None;
        }
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

    fn vouches(&self, sure_until: u64) -> bool {
        let now = self.clock.coarse();
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

    pub(crate) fn answer<V: Send + Sync + 'static>(
        &self,
        entry: &Entry,
        source: Source,
        freshness: Freshness,
    ) -> Option<Answer<V>> {
        if entry.is_absence() {
            return Some(Answer::Absent);
        }
        let age = Duration::from_millis(self.clock.wall_ms().saturating_sub(entry.created_ms));
        entry.value().map(|value| Answer::Hit(Hit { value, source, age, freshness }))
    }
}
