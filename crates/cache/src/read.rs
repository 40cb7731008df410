//! The way down: memory, the flight of this key, the shared layers, the loader; and what was found is kept on the way up.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::cache::Inner;
use crate::codec::{Foreign, Header};
use crate::entry::{Entry, Hit, Source};
use crate::error::LoadError;
use crate::flight::{Boarding, Seat, Turn};
use crate::layers::lower::Lower;
use crate::layers::shared::{Authority, Item, Slot};
use crate::load::LoadContext;
use crate::region::RegionMeta;
use crate::stats::RegionCounters;

/// A stored `born` further ahead of the wall clock than this is taken for corruption: believing it would push the
/// namespace clock out of reach.
const BORN_AHEAD_AT_MOST_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// What the shared layers said about some keys.
struct Below {
    /// The namespace clock, read before whatever the caller does next.
    born: u64,
    /// The epoch of the clock's keeper, if it answered: without it nothing may be filled there.
    epoch: Option<u64>,
    /// One a key: the entry, where it was, and its bytes for the layers above.
    found: Vec<Option<Found>>,
}

struct Found {
    entry: Arc<Entry>,
    source: Source,
    bytes: Vec<u8>,
}

impl Inner {
    /// An ordinary hit: one lookup, one look at the clock, one comparison of the stamp epoch, one `Arc` clone.
    pub(crate) fn recall(&self, region: &RegionMeta, key: &str) -> Option<Arc<Entry>> {
        let entry = self.l1.get(key)?;
        if entry.region != region.id {
            return None;
        }
        if entry.deadline <= Instant::now() || !self.believes(&entry, key) {
            return None;
        }
        Some(entry)
    }

    fn believes(&self, entry: &Entry, key: &str) -> bool {
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

    /// Reads without loading. One round trip a layer, whatever the number of keys.
    pub(crate) async fn read_many<V>(&self, region: &RegionMeta, keys: &[Arc<str>]) -> Vec<Option<Hit<V>>>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let mut hits: Vec<Option<Hit<V>>> = Vec::with_capacity(keys.len());
        let mut missing = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let hit = self.recall(region, key).and_then(|entry| self.hit(&entry, Source::L1));
            if hit.is_none() {
                missing.push(at);
            }
            hits.push(hit);
        }
        region.counters.hits.add((keys.len() - missing.len()) as u64);
        region.counters.misses.add(missing.len() as u64);
        if missing.is_empty() || self.lower.is_empty() {
            return hits;
        }
        let wanted: Vec<Arc<str>> = missing.iter().map(|at| keys[*at].clone()).collect();
        // Before anything is read: an invalidation from here on moves them, and then nothing is kept.
        let generations: Vec<u64> = wanted.iter().map(|key| self.stripes.generation(key)).collect();
        let below = self.descend::<V>(region, &wanted).await;
        let mut promoted = Vec::new();
        for (((at, key), generation), found) in
            missing.into_iter().zip(&wanted).zip(generations).zip(below.found)
        {
            let Some(found) = found else { continue };
            hits[at] = self.hit(&found.entry, found.source);
            let kept = self.believes(&found.entry, key)
                && self.stripes.fill(key, generation, self.l1.as_ref(), found.entry.clone());
            self.l1_counters.filled(1, u64::from(!kept));
            if kept {
                promoted.push((key.clone(), found));
            }
        }
        self.promote(below.epoch, promoted).await;
        hits
    }

    /// Reads, and loads what nobody has: one load a key in this process at a time.
    pub(crate) async fn read_or_load<V, F, Fut, E>(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        loader: F,
    ) -> Result<Hit<V>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        region.counters.misses.add(1);
        loop {
            let boarding = self.stripes.board(
                key,
                self.clock.read(),
                |born| self.stamps.joinable(born, key),
                || self.recall(region, key),
            );
            let seat = match boarding {
                Boarding::Seat(seat) => seat,
                Boarding::Hit(entry) => match self.hit(&entry, Source::L1) {
                    Some(hit) => return Ok(hit),
                    None => continue,
                },
            };
            match seat.wait(|| self.clock.read()).await {
                Turn::Detached => {}
                Turn::Landed(entry, source) => {
                    // Its tags were not known when we joined; they are now.
                    if entry.region == region.id
                        && self.stamps.alive(entry.born, key, &entry.tags)
                        && let Some(hit) = self.hit(&entry, source)
                    {
                        return Ok(hit);
                    }
                }
                Turn::Lead(_lead) => return self.lead(region, key, &seat, loader).await,
            }
        }
    }

    async fn lead<V, F, Fut, E>(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        seat: &Seat<'_>,
        loader: F,
    ) -> Result<Hit<V>, LoadError<E>>
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        let mut below = self.descend::<V>(region, std::slice::from_ref(key)).await;
        seat.rejuvenate(below.born);
        if let Some(found) = below.found.pop().flatten()
            && let Some(hit) = self.hit(&found.entry, found.source)
        {
            if self.land(key, seat, &found.entry, found.source) {
                self.promote(below.epoch, vec![(key.clone(), found)]).await;
            }
            return Ok(hit);
        }

        let failed = FailedUnlessDone::start(&region.counters);
        let cx = LoadContext::new(key.clone());
        let value = match loader(cx.clone()).await {
            Ok(value) => Arc::new(value),
            Err(source) => return Err(LoadError::Loader { key: key.to_string(), source }),
        };
        failed.done();

        let said = cx.take();
        let ttl = said.ttl.unwrap_or(region.options.ttl).min(crate::ttl::LONGEST);
        let entry = self.entry(region, value.clone(), below.born, ttl, said.tags.into());
        if self.land(key, seat, &entry, Source::Loader) && !self.lower.is_empty() {
            match seal(region, key, &entry, value.as_ref()) {
                Ok(bytes) => self.fill_below(below.epoch, key, &entry, bytes).await,
                Err(_) => self.lower.iter().for_each(|lower| lower.counters.errors.add(1)),
            }
        }
        Ok(Hit { value, source: Source::Loader, age: Duration::ZERO })
    }

    /// Asks the shared layers in turn, each for what those above it did not have.
    async fn descend<V>(&self, region: &RegionMeta, keys: &[Arc<str>]) -> Below
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let mut below = Below { born: 0, epoch: None, found: Vec::with_capacity(keys.len()) };
        below.found.resize_with(keys.len(), || None);
        let mut floors = vec![0; keys.len()];
        let mut keeper = None;
        for lower in &self.lower {
            let missing: Vec<usize> = (0..keys.len()).filter(|at| below.found[*at].is_none()).collect();
            if missing.is_empty() {
                break;
            }
            let wanted: Vec<Arc<str>> = missing.iter().map(|at| keys[*at].clone()).collect();
            let Ok(reading) = lower.read(&wanted).await else { continue };
            if let Some(authority) = reading.clock {
                self.heard(authority);
                keeper = Some(authority);
            }
            let epoch = reading.clock.map(|authority| authority.epoch);
            for (at, slot) in missing.into_iter().zip(reading.slots) {
                floors[at] = slot.floor.max(floors[at]);
                self.clock.observe(slot.floor);
                below.found[at] = self.accept::<V>(region, &keys[at], lower, epoch, floors[at], slot);
            }
        }
        // The keeper's own clock where there is one: what it compares `born` with is its clock, not ours.
        below.born = keeper.map_or_else(|| self.clock.read(), |authority| authority.clock);
        below.epoch = keeper.map(|authority| authority.epoch);
        below
    }

    fn accept<V>(
        &self,
        region: &RegionMeta,
        key: &str,
        lower: &Lower,
        epoch: Option<u64>,
        floor: u64,
        slot: Slot,
    ) -> Option<Found>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let found = slot.bytes.and_then(|bytes| match self.open::<V>(region, key, &bytes) {
            Ok((entry, born_in)) => {
                let alive = epoch.is_none_or(|epoch| epoch == born_in)
                    && entry.born >= floor
                    && entry.expires_ms > self.clock.wall_ms()
                    && self.believes(&entry, key);
                alive.then_some(Found { entry: Arc::new(entry), source: lower.source, bytes })
            }
            Err(why) => {
                lower.counters.undecodable.count(why);
                None
            }
        });
        let counter = if found.is_some() { &lower.counters.hits } else { &lower.counters.misses };
        counter.add(1);
        found
    }

    /// Bytes to an entry that lives as long as it has left, and the epoch it was written in.
    fn open<V>(&self, region: &RegionMeta, key: &str, bytes: &[u8]) -> Result<(Entry, u64), Foreign>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let (header, value) = region.codec.open::<V>(region.fingerprint, key, bytes)?;
        let now_ms = self.clock.wall_ms();
        if header.born > (now_ms * 1_000).saturating_add(BORN_AHEAD_AT_MOST_MICROS) {
            return Err(Foreign::Ahead);
        }
        let value = value.ok_or(Foreign::Payload)?;
        self.clock.observe(header.born);
        let left = Duration::from_millis(header.expires_ms.saturating_sub(now_ms)).min(crate::ttl::LONGEST);
        let entry = Entry {
            value: Arc::new(value),
            region: region.id,
            born: header.born,
            created_ms: header.created_ms,
            expires_ms: header.expires_ms,
            deadline: Instant::now() + left,
            tags: header.tags,
            checked: AtomicU64::new(0),
        };
        Ok((entry, header.epoch))
    }

    /// A clock's keeper that begins a new epoch may have lost stamps: nothing in memory is known to be true any more.
    pub(crate) fn heard(&self, authority: Authority) {
        self.clock.observe(authority.clock);
        let before = self.epoch.swap(authority.epoch, Ordering::SeqCst);
        if before != 0 && before != authority.epoch {
            self.stripes.bump_all(self.l1.as_ref());
        }
    }

    fn land(&self, key: &Arc<str>, seat: &Seat<'_>, entry: &Arc<Entry>, source: Source) -> bool {
        let worth = entry.deadline > Instant::now();
        let kept = seat.land(self.l1.as_ref(), entry, source, || worth && self.believes(entry, key));
        self.l1_counters.filled(1, u64::from(!kept));
        kept
    }

    async fn promote(&self, epoch: Option<u64>, found: Vec<(Arc<str>, Found)>) {
        for (at, lower) in self.lower.iter().enumerate() {
            let below = &self.lower[at + 1..];
            let items: Vec<Item> = found
                .iter()
                .filter(|(_, found)| below.iter().any(|deeper| deeper.source == found.source))
                .map(|(key, found)| item(key, &found.entry, found.bytes.as_slice().into()))
                .collect();
            if let (false, Some(epoch)) = (items.is_empty(), epoch) {
                lower.fill(epoch, items).await;
            }
        }
    }

    async fn fill_below(&self, epoch: Option<u64>, key: &Arc<str>, entry: &Entry, bytes: Vec<u8>) {
        let bytes: Arc<[u8]> = bytes.into();
        for lower in &self.lower {
            match (lower.source, epoch) {
                // It did not answer when asked; a value whose `born` is not by its clock cannot be compared there.
                (Source::L2, None) => {}
                (_, epoch) => lower.fill(epoch.unwrap_or(0), vec![item(key, entry, bytes.clone())]).await,
            }
        }
    }

    pub(crate) fn entry(
        &self,
        region: &RegionMeta,
        value: Arc<dyn Any + Send + Sync>,
        born: u64,
        ttl: Duration,
        tags: Box<[u64]>,
    ) -> Arc<Entry> {
        let created_ms = self.clock.wall_ms();
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Arc::new(Entry {
            value,
            region: region.id,
            born,
            created_ms,
            expires_ms: created_ms.saturating_add(ttl_ms),
            deadline: Instant::now() + ttl,
            tags,
            checked: AtomicU64::new(0),
        })
    }

    pub(crate) fn hit<V: Send + Sync + 'static>(&self, entry: &Entry, source: Source) -> Option<Hit<V>> {
        let age = Duration::from_millis(self.clock.wall_ms().saturating_sub(entry.created_ms));
        entry.value().map(|value| Hit { value, source, age })
    }
}

pub(crate) fn seal<V: Serialize>(
    region: &RegionMeta,
    key: &str,
    entry: &Entry,
    value: &V,
) -> Result<Vec<u8>, String> {
    let header = Header {
        fingerprint: region.fingerprint,
        born: entry.born,
        created_ms: entry.created_ms,
        fresh_until_ms: entry.expires_ms,
        expires_ms: entry.expires_ms,
        tags: entry.tags.clone(),
        ..Header::default()
    };
    region.codec.seal(key, &header, Some(value))
}

pub(crate) fn item(key: &Arc<str>, entry: &Entry, bytes: Arc<[u8]>) -> Item {
    Item { key: key.clone(), bytes, born: entry.born, expires_ms: entry.expires_ms }
}

/// Counts a load, and counts it failed if it ends in an error, a panic or a drop.
struct FailedUnlessDone<'a>(Option<&'a RegionCounters>);

impl<'a> FailedUnlessDone<'a> {
    fn start(counters: &'a RegionCounters) -> Self {
        counters.loads.add(1);
        Self(Some(counters))
    }

    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for FailedUnlessDone<'_> {
    fn drop(&mut self) {
        if let Some(counters) = self.0 {
            counters.load_failures.add(1);
        }
    }
}
