//! Step 5: asking the layers below, each for what those above it did not have, and the right to load what nobody has.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::de::DeserializeOwned;
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::claim::{FIRST_LOOK, Tickets};
use crate::clock::Now;
use crate::codec::{self, Foreign};
use crate::counter::Tally;
use crate::entry::{Entry, Freshness, Moment, Nothing, Source, Why};
use crate::inner::Inner;
use crate::layers::keeper::Wanted;
use crate::layers::l2::L2;
use crate::layers::lower::Lower;
use crate::life::{Course, Stage, Terms};
use crate::region::RegionMeta;
use crate::stats::LayerCounters;

/// A stored `born` further ahead of the wall clock than this is taken for corruption: believing it would push the
/// namespace clock out of reach.
const BORN_AHEAD_AT_MOST_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// What the shared layers said about some keys.
pub(crate) struct Below {
    /// The namespace clock, read before whatever the caller does next.
    pub(crate) born: u64,
    /// One a key: the entry, where it was, and its bytes for the layers above.
    pub(crate) found: SmallVec<[Option<Found>; 1]>,
    /// One a key, for a load: what is not to be served before a load was tried.
    pub(crate) stale: SmallVec<[Option<Found>; 1]>,
    pub(crate) tickets: Tickets,
    /// See [`Entry::sure_until`].
    pub(crate) sure_until: u64,
}

/// When bytes were read.
pub(crate) struct Seen {
    pub(crate) now: Now,
    /// See [`Entry::sure_until`].
    pub(crate) sure_until: u64,
}

/// One answer of a shared layer while it is gone through.
struct Reading<'a> {
    layer: Source,
    counters: &'a LayerCounters,
    seen: Seen,
    tally: Tally,
}

pub(crate) struct Found {
    pub(crate) entry: Arc<Entry>,
    /// When it was found: whether it is due may be decided by chance, once.
    pub(crate) stage: Stage,
    /// When that was, by the wall clock.
    pub(crate) seen_ms: u64,
    pub(crate) source: Source,
    pub(crate) bytes: Vec<u8>,
}

/// What the layers below are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Errand<'a> {
    /// A read that does not load.
    Read,
    /// A load, unless there is a fresh value that is younger than what each key has.
    Load(&'a [Moment]),
    /// The same, and one past its soft time will do: it is served while it is loaded anew.
    Renew(&'a [Moment]),
}

/// Why bytes found in a layer are not served.
struct Refused {
    /// Of a value that is dead, or of bytes that are no value of ours and are replaced like one.
    born: Option<u64>,
}

impl<'a> Reading<'a> {
    fn of(layer: Source, counters: &'a LayerCounters, seen: Seen) -> Self {
        Self { layer, counters, seen, tally: Tally::default() }
    }
}

impl Found {
    fn of(entry: Entry, bytes: Vec<u8>, reading: &Reading<'_>) -> Self {
        let (now, source) = (&reading.seen.now, reading.layer);
        let stage = entry.stage(now.instant);
        Self { entry: Arc::new(entry), stage, seen_ms: now.wall_ms, source, bytes }
    }

    /// As what a load that it puts off is answered with it.
    pub(crate) fn freshness(&self) -> Freshness {
        if self.stage == Stage::Stale { Freshness::Stale { why: Why::Refreshing } } else { Freshness::Fresh }
    }
}

impl Errand<'_> {
    fn is_done_by(self, at: usize, found: &Found) -> bool {
        let younger = |older: &[Moment]| older.get(at).is_none_or(|older| found.entry.moment() > *older);
        match self {
            Self::Read => found.stage != Stage::Dead,
            Self::Load(older) => matches!(found.stage, Stage::Fresh | Stage::Due) && younger(older),
            Self::Renew(older) => {
                matches!(found.stage, Stage::Fresh | Stage::Due | Stage::Stale) && younger(older)
            }
        }
    }

    fn loads(self) -> bool {
        !matches!(self, Self::Read)
    }
}

impl Below {
    /// Puts what a layer had where it belongs; answers whether the key is settled.
    fn sort(&mut self, at: usize, found: Found, errand: Errand<'_>) -> bool {
        let serves = errand.is_done_by(at, &found);
        if serves {
            self.found[at] = Some(found);
        } else if self.stale[at].as_ref().is_none_or(|own| own.entry.moment() < found.entry.moment()) {
            self.stale[at] = Some(found);
        }
        serves
    }
}

impl Inner {
    /// Asks the shared layers in turn. For a load, what the keeper has not, or only past its time, is claimed, so that it may
    /// be committed there; where another node is loading, its load is waited for, within bounds.
    ///
    /// # Cancel safety
    /// Dropped early, a claim ends with its lease.
    pub(crate) async fn descend<V>(&self, region: &RegionMeta, keys: &[Arc<str>], errand: Errand<'_>) -> Below
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        // Without a keeper's word: the newest clock this node knows.
        let mut below = Below {
            born: self.clock.read(),
            found: SmallVec::new(),
            stale: SmallVec::new(),
            tickets: Tickets::none(keys.len()),
            sure_until: self.sure_until(),
        };
        below.found.resize_with(keys.len(), || None);
        below.stale.resize_with(keys.len(), || None);
        self.read_keeper::<V>(region, keys, errand, &mut below).await;
        self.read_durable::<V>(region, keys, errand, &mut below).await;
        below
    }

    async fn read_keeper<V>(
        &self,
        region: &RegionMeta,
        keys: &[Arc<str>],
        errand: Errand<'_>,
        below: &mut Below,
    ) where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let layers = &region.options.layers;
        let used = layers.reads(Source::L2) || (errand.loads() && layers.writes(Source::L2));
        let Some(l2) = self.l2.as_ref().filter(|_| used) else { return };
        let Ok((read, now)) = l2.read(keys).await else { return };
        self.clock.observe(read.clock);
        below.born = read.clock;
        let mut reading = Reading::of(Source::L2, &l2.counters, Seen { now, sure_until: below.sure_until });
        let mut wanted = Vec::new();
        for (at, (key, bytes)) in keys.iter().zip(read.bytes).enumerate() {
            let mut dead = None;
            if let Some(bytes) = bytes {
                match self.accept::<V>(region, key, 0, bytes, &mut reading) {
                    Ok(found) => {
                        // What is not served is replaced as if it were dead.
                        dead = Some(found.entry.born);
                        // A layer that is written but not read is asked for the right to write alone.
                        if layers.reads(Source::L2) && below.sort(at, found, errand) {
                            continue;
                        }
                    }
                    Err(refused) => dead = refused.born,
                }
            }
            reading.tally.misses += 1;
            if errand.loads() {
                wanted.push((at, Wanted { key: key.clone(), dead }));
            }
        }
        self.count(region, &reading);
        if wanted.is_empty() {
            return;
        }
        let began = Instant::now();
        let came = self.claim(l2, wanted, below).await;
        if began.elapsed() >= FIRST_LOOK {
            self.look_again::<V>(region, l2, keys, errand, below).await;
        }
        let mut reading = Reading::of(
            Source::L2,
            &l2.counters,
            Seen { now: self.clock.look(), sure_until: below.sure_until },
        );
        for (at, key, bytes) in came {
            if let Ok(found) = self.accept::<V>(region, &key, 0, bytes, &mut reading)
                && layers.reads(Source::L2)
            {
                below.sort(at, found, errand);
            }
        }
        self.count(region, &reading);
    }

    /// Who waited for another node's load of what is past its time may have been granted the claim after it: where the
    /// clock stood still, a claim cannot tell the new value from the one it replaces.
    async fn look_again<V>(
        &self,
        region: &RegionMeta,
        l2: &Arc<L2>,
        keys: &[Arc<str>],
        errand: Errand<'_>,
        below: &mut Below,
    ) where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let stale: Vec<usize> =
            (0..keys.len()).filter(|at| below.stale[*at].is_some() && below.found[*at].is_none()).collect();
        let wanted: Vec<Arc<str>> = stale.iter().map(|at| keys[*at].clone()).collect();
        if wanted.is_empty() || !region.options.layers.reads(Source::L2) {
            return;
        }
        let Ok((read, now)) = l2.read(&wanted).await else { return };
        let mut reading = Reading::of(Source::L2, &l2.counters, Seen { now, sure_until: below.sure_until });
        for ((at, key), bytes) in stale.into_iter().zip(&wanted).zip(read.bytes) {
            let Some(bytes) = bytes else { continue };
            if let Ok(found) = self.accept::<V>(region, key, 0, bytes, &mut reading) {
                below.sort(at, found, errand);
            }
        }
        self.count(region, &reading);
    }

    /// Whether a durable layer is this node's alone, and there may be others that invalidate.
    pub(crate) fn is_own_of_many(&self, l3: &Lower) -> bool {
        l3.private && self.l2.is_some()
    }

    async fn read_durable<V>(
        &self,
        region: &RegionMeta,
        keys: &[Arc<str>],
        errand: Errand<'_>,
        below: &mut Below,
    ) where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let read = region.options.layers.reads(Source::L3);
        let Some(l3) = self.l3.as_ref().filter(|_| read) else { return };
        // A file of this node alone was told what this node has heard, and no more.
        if self.is_own_of_many(l3) && !self.vouches(0) {
            return;
        }
        let missing: Vec<usize> = (0..keys.len()).filter(|at| below.found[*at].is_none()).collect();
        if missing.is_empty() {
            return;
        }
        let wanted: Vec<Arc<str>> = missing.iter().map(|at| keys[*at].clone()).collect();
        let Ok(slots) = l3.read(&wanted).await else { return };
        let sure_until = if self.is_own_of_many(l3) { 0 } else { below.sure_until };
        let mut reading = Reading::of(Source::L3, &l3.counters, Seen { now: self.clock.look(), sure_until });
        for (at, slot) in missing.into_iter().zip(slots) {
            self.clock.observe(slot.floor);
            let accepted =
                slot.bytes.map(|bytes| self.accept::<V>(region, &keys[at], slot.floor, bytes, &mut reading));
            match accepted {
                Some(Ok(found)) => {
                    below.sort(at, found, errand);
                }
                _ => {
                    reading.tally.misses += 1;
                }
            }
        }
        self.count(region, &reading);
        if self.l2.is_none() {
            below.born = self.clock.read();
        }
    }

    /// The layer counts its own bytes: of those that came back, a region may not have asked for all.
    fn count(&self, region: &RegionMeta, reading: &Reading<'_>) {
        reading.counters.reads.add(Tally { bytes: 0, ..reading.tally });
        region.counters.of(reading.layer).reads.add(reading.tally);
    }

    /// Whether what a layer holds may be served, and as what.
    fn accept<V>(
        &self,
        region: &RegionMeta,
        key: &str,
        floor: u64,
        bytes: Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<Found, Refused>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        reading.tally.bytes += bytes.len() as u64;
        let (entry, epoch) = self.open::<V>(region, key, &bytes, &reading.seen).map_err(|why| {
            reading.counters.undecodable.count(why);
            Refused { born: codec::born(&bytes) }
        })?;
        let alive = (epoch == 0 || epoch == self.standing.epoch())
            && entry.born >= floor
            && entry.expires_ms > reading.seen.now.wall_ms
            && self.stripes.admits(key, entry.version)
            && self.believes(&entry, key);
        if !alive {
            return Err(Refused { born: Some(entry.born) });
        }
        reading.tally.hits += 1;
        Ok(Found::of(entry, bytes, reading))
    }

    /// Bytes to an entry that lives as long as it has left, and the epoch it was written in.
    pub(crate) fn open<V>(
        &self,
        region: &RegionMeta,
        key: &str,
        bytes: &[u8],
        seen: &Seen,
    ) -> Result<(Entry, u64), Foreign>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let (header, value) = region.codec.open::<V>(region.fingerprint, key, bytes)?;
        let now_ms = seen.now.wall_ms;
        if header.born > (now_ms * 1_000).saturating_add(BORN_AHEAD_AT_MOST_MICROS) {
            return Err(Foreign::Ahead);
        }
        self.clock.observe(header.born);
        let ms = |to: u64, from: u64| Duration::from_millis(to.saturating_sub(from)).min(crate::ttl::LONGEST);
        let absent = value.is_none();
        let value: Arc<dyn Any + Send + Sync> = match value {
            Some(value) => Arc::new(value),
            None => Arc::new(Nothing),
        };
        let terms = Terms {
            fresh: ms(header.fresh_until_ms, header.created_ms),
            hard: ms(header.hard_until_ms, header.created_ms),
            kept: ms(header.expires_ms, header.created_ms),
        };
        let course = Course {
            options: &region.options,
            terms: terms.read_by(&region.options),
            created_ms: header.created_ms,
            age: ms(now_ms, header.created_ms),
            absent,
            load_cost: Duration::from_micros(header.load_cost_us.into()),
            etag: header.etag,
        };
        let (deadline, life) = course.begin(seen.now.instant);
        let entry = Entry {
            weight: region.weigh(value.as_ref()),
            value,
            region: region.id,
            born: header.born,
            version: header.version,
            created_ms: header.created_ms,
            expires_ms: header.expires_ms,
            plain_until: Entry::plain_by(&seen.now, deadline, absent),
            deadline,
            tags: header.tags,
            sure_until: seen.sure_until,
            checked: AtomicU64::new(0),
            life,
        };
        Ok((entry, header.epoch))
    }
}
