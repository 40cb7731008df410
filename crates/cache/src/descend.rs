//! Step 5: asking the layers below, each for what those above it did not have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::cache::Inner;
use crate::codec::{self, Foreign};
use crate::entry::{Entry, Source};
use crate::layers::lower::Lower;
use crate::layers::shared::{Authority, Slot};
use crate::region::RegionMeta;

/// A stored `born` further ahead of the wall clock than this is taken for corruption: believing it would push the
/// namespace clock out of reach.
const BORN_AHEAD_AT_MOST_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// What the shared layers said about some keys.
pub(crate) struct Below {
    /// The namespace clock, read before whatever the caller does next.
    pub(crate) born: u64,
    /// The epoch of the clock's keeper, if it answered: without it nothing may be filled there.
    pub(crate) epoch: Option<u64>,
    /// One a key: the entry, where it was, and its bytes for the layers above.
    pub(crate) found: Vec<Option<Found>>,
}

pub(crate) struct Found {
    pub(crate) entry: Arc<Entry>,
    pub(crate) source: Source,
    pub(crate) bytes: Vec<u8>,
}

impl Inner {
    /// Asks the shared layers in turn, each for what those above it did not have.
    pub(crate) async fn descend<V>(&self, region: &RegionMeta, keys: &[Arc<str>]) -> Below
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
        let found = slot.bytes.and_then(|bytes| match self.open::<V>(region, &bytes) {
            Ok((entry, born_in)) => {
                let alive = epoch.is_none_or(|epoch| epoch == born_in)
                    && entry.born >= floor
                    && entry.expires_ms > self.clock.wall_ms()
                    && self.believes(&entry, key);
                alive.then_some(Found { entry: Arc::new(entry), source: lower.source, bytes })
            }
            Err(Foreign) => {
                lower.counters.undecodable.add(1);
                None
            }
        });
        let counter = if found.is_some() { &lower.counters.hits } else { &lower.counters.misses };
        counter.add(1);
        found
    }

    /// Bytes to an entry that lives as long as it has left, and the epoch it was written in.
    fn open<V>(&self, region: &RegionMeta, bytes: &[u8]) -> Result<(Entry, u64), Foreign>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let (header, payload) = codec::unseal(bytes)?;
        let now_ms = self.clock.wall_ms();
        if header.fingerprint != region.fingerprint
            || header.born > (now_ms * 1_000).saturating_add(BORN_AHEAD_AT_MOST_MICROS)
        {
            return Err(Foreign);
        }
        let value: V = codec::decode(payload)?;
        self.clock.observe(header.born);
        let left = Duration::from_millis(header.expires_ms.saturating_sub(now_ms)).min(crate::ttl::LONGEST);
        let entry = Entry {
            weight: region.weigh(&value),
            value: Arc::new(value),
            region: region.id,
            born: header.born,
            created_ms: header.created_ms,
            expires_ms: header.expires_ms,
            deadline: self.clock.deadline(left),
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
}
