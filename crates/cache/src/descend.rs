//! Step 5: asking the layers below, each for what those above it did not have, and the right to load what nobody has.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::claim::Tickets;
use crate::codec::{self, Foreign};
use crate::entry::{Entry, Source};
use crate::inner::Inner;
use crate::layers::keeper::Wanted;
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
    pub(crate) found: Vec<Option<Found>>,
    pub(crate) tickets: Tickets,
    /// See [`Entry::sure_until`].
    pub(crate) sure_until: u64,
}

pub(crate) struct Found {
    pub(crate) entry: Arc<Entry>,
    pub(crate) source: Source,
    pub(crate) bytes: Vec<u8>,
}

/// Why bytes found in a layer are not served.
enum Refused {
    /// Their `born`.
    Dead(u64),
    Foreign,
}

impl Inner {
    /// Asks the shared layers in turn. With `claim`, what the keeper has not is claimed, so that it may be committed there;
    /// where another node is loading, its load is waited for, within bounds.
    ///
    /// # Cancel safety
    /// Dropped early, a claim ends with its lease.
    pub(crate) async fn descend<V>(&self, region: &RegionMeta, keys: &[Arc<str>], claim: bool) -> Below
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        // Without a keeper's word: the newest clock this node knows.
        let mut below = Below {
            born: self.clock.read(),
            found: Vec::new(),
            tickets: Tickets::none(keys.len()),
            sure_until: self.sure_until(),
        };
        below.found.resize_with(keys.len(), || None);
        self.read_keeper::<V>(region, keys, claim, &mut below).await;
        self.read_durable::<V>(region, keys, &mut below).await;
        below
    }

    async fn read_keeper<V>(&self, region: &RegionMeta, keys: &[Arc<str>], claim: bool, below: &mut Below)
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let Some(l2) = &self.l2 else { return };
        let Ok(read) = l2.read(keys).await else { return };
        self.clock.observe(read.clock);
        below.born = read.clock;
        let mut wanted = Vec::new();
        for (at, (key, bytes)) in keys.iter().zip(read.bytes).enumerate() {
            let mut dead = None;
            if let Some(bytes) = bytes {
                // Bytes that are no value of ours are replaced like a dead one.
                dead = codec::born(&bytes);
                match self.accept::<V>(region, key, &l2.counters, 0, below.sure_until, bytes) {
                    Ok((entry, bytes)) => {
                        below.found[at] = Some(Found { entry, source: Source::L2, bytes });
                        continue;
                    }
                    Err(Refused::Dead(born)) => dead = Some(born),
                    Err(Refused::Foreign) => {}
                }
            }
            l2.counters.misses.add(1);
            wanted.push((at, Wanted { key: key.clone(), dead }));
        }
        if !claim || wanted.is_empty() {
            return;
        }
        let came = self.claim(l2, wanted, below).await;
        for (at, key, bytes) in came {
            if let Ok((entry, bytes)) =
                self.accept::<V>(region, &key, &l2.counters, 0, below.sure_until, bytes)
            {
                below.found[at] = Some(Found { entry, source: Source::L2, bytes });
            }
        }
    }

    async fn read_durable<V>(&self, region: &RegionMeta, keys: &[Arc<str>], below: &mut Below)
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let Some(l3) = &self.l3 else { return };
        let missing: Vec<usize> = (0..keys.len()).filter(|at| below.found[*at].is_none()).collect();
        if missing.is_empty() {
            return;
        }
        let wanted: Vec<Arc<str>> = missing.iter().map(|at| keys[*at].clone()).collect();
        let Ok(slots) = l3.read(&wanted).await else { return };
        // What lies in a file of this node alone may have missed what others made dead.
        let sure_until = if l3.private && self.l2.is_some() { 0 } else { below.sure_until };
        for (at, slot) in missing.into_iter().zip(slots) {
            self.clock.observe(slot.floor);
            let accepted = slot.bytes.map(|bytes| {
                self.accept::<V>(region, &keys[at], &l3.counters, slot.floor, sure_until, bytes)
            });
            match accepted {
                Some(Ok((entry, bytes))) => {
                    below.found[at] = Some(Found { entry, source: Source::L3, bytes });
                }
                _ => l3.counters.misses.add(1),
            }
        }
        if self.l2.is_none() {
            below.born = self.clock.read();
        }
    }

    /// Whether what a layer holds may be served, and as what.
    fn accept<V>(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        counters: &LayerCounters,
        floor: u64,
        sure_until: u64,
        bytes: Vec<u8>,
    ) -> Result<(Arc<Entry>, Vec<u8>), Refused>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let (entry, epoch) = self.open::<V>(region, key, &bytes, sure_until).map_err(|why| {
            counters.undecodable.count(why);
            Refused::Foreign
        })?;
        let alive = (epoch == 0 || epoch == self.standing.epoch())
            && entry.born >= floor
            && entry.expires_ms > self.clock.wall_ms()
            && self.stripes.admits(key, entry.version)
            && self.believes(&entry, key);
        if !alive {
            return Err(Refused::Dead(entry.born));
        }
        counters.hits.add(1);
        Ok((Arc::new(entry), bytes))
    }

    /// Bytes to an entry that lives as long as it has left, and the epoch it was written in.
    fn open<V>(
        &self,
        region: &RegionMeta,
        key: &str,
        bytes: &[u8],
        sure_until: u64,
    ) -> Result<(Entry, u64), Foreign>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let (header, value) = region.codec.open::<V>(region.fingerprint, key, bytes)?;
        let now_ms = self.clock.wall_ms();
        if header.born > (now_ms * 1_000).saturating_add(BORN_AHEAD_AT_MOST_MICROS) {
            return Err(Foreign::Ahead);
        }
        // Nothing remembers absences yet.
        let value = value.ok_or(Foreign::Payload)?;
        self.clock.observe(header.born);
        let left = Duration::from_millis(header.expires_ms.saturating_sub(now_ms)).min(crate::ttl::LONGEST);
        let entry = Entry {
            value: Arc::new(value),
            region: region.id,
            born: header.born,
            version: header.version,
            created_ms: header.created_ms,
            expires_ms: header.expires_ms,
            deadline: Instant::now() + left,
            tags: header.tags,
            sure_until,
            checked: AtomicU64::new(0),
        };
        Ok((entry, header.epoch))
    }
}
