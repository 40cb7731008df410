//! Step 7: what a read found or loaded is kept, by every layer that may.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::claim::Ticket;
use crate::codec::Header;
use crate::counter::Tally;
use crate::descend::Found;
use crate::entry::{Entry, Source};
use crate::flight::Seat;
use crate::inner::Inner;
use crate::layers::keeper::{Claim, Token, Wanted};
use crate::layers::shared::Item;
use crate::life::{Course, Stage, Terms};
use crate::load::Said;
use crate::region::RegionMeta;

impl Inner {
    pub(crate) fn land(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        seat: &Seat<'_>,
        entry: &Arc<Entry>,
        source: Source,
    ) -> bool {
        let worth = entry.stage(Instant::now()) != Stage::Dead && region.options.layers.writes(Source::L1);
        let keep = || worth && self.believes(entry, key) && !self.outdated(region, key, entry);
        let kept = seat.land(self.l1.as_ref(), entry, source, keep);
        if region.options.layers.writes(Source::L1) {
            self.l1_counters.filled(1, u64::from(!kept));
        }
        // A region that keeps nothing in memory may still keep it below.
        kept || (!region.options.layers.writes(Source::L1) && self.believes(entry, key))
    }

    /// Ends the flight with what was there before it.
    pub(crate) fn land_old(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        seat: &Seat<'_>,
        entry: &Arc<Entry>,
        source: Source,
    ) {
        let writes = region.options.layers.writes(Source::L1);
        seat.land(self.l1.as_ref(), entry, source, || writes && self.believes(entry, key));
    }

    /// Whether memory has a newer version of the source. Asked under the stripe's lock.
    fn outdated(&self, region: &RegionMeta, key: &str, entry: &Entry) -> bool {
        entry.version != 0
            && self
                .held(region, key)
                .is_some_and(|own| own.version > entry.version && own.stage(Instant::now()) != Stage::Dead)
    }

    /// What lay in the durable layer is committed to the keeper like a load, for it was read under the same claim. Not out of
    /// a file of this node alone: the claim says nothing of what the file was not told yet.
    pub(crate) async fn promote(&self, region: &RegionMeta, found: Vec<(Arc<str>, Found, Option<Ticket>)>) {
        let Some(l2) = self.l2.as_ref().filter(|_| region.options.layers.writes(Source::L2)) else { return };
        if self.l3.as_ref().is_none_or(|l3| l3.private) {
            return;
        }
        let mut items: Vec<(Item, Token)> = Vec::new();
        let mut epoch = 0;
        for (key, found, ticket) in found {
            if let (Source::L3, Some(ticket)) = (found.source, ticket) {
                epoch = ticket.epoch;
                let item = item(&key, &found.entry, found.bytes.into());
                items.push((self.hand(region, Source::L2, item), ticket.token));
            }
        }
        if !items.is_empty() {
            l2.commit(epoch, &items).await;
        }
    }

    /// Promotes what was read from the durable layer under no claim: claims it, and commits what still stands there. Nothing
    /// cheaper shows that no invalidation of the key came since the keeper had nothing: its clock moves with those of all
    /// keys, and in a Cluster only after the bucket's.
    pub(crate) async fn promote_again(&self, region: &RegionMeta, found: Vec<(Arc<str>, Found)>) {
        let (Some(l2), Some(l3)) = (&self.l2, &self.l3) else { return };
        if found.is_empty() || l3.private || !region.options.layers.writes(Source::L2) {
            return;
        }
        let wanted: Vec<Wanted> =
            found.iter().map(|(key, _)| Wanted { key: key.clone(), dead: None }).collect();
        let Ok((claims, epoch)) = l2.claim(&wanted, false).await else { return };
        let keys: Vec<Arc<str>> = found.iter().map(|(key, _)| key.clone()).collect();
        let Ok(slots) = l3.read(&keys).await else { return };
        let read = slots.iter().flat_map(|slot| &slot.bytes).map(|bytes| bytes.len() as u64).sum();
        region.counters.l3.reads.add(Tally { bytes: read, ..Tally::default() });
        let mut items = Vec::new();
        for (((key, found), slot), (claim, _)) in found.into_iter().zip(slots).zip(claims.claims) {
            if let Claim::Granted(token) = claim
                && slot.bytes.as_deref() == Some(found.bytes.as_slice())
            {
                let item = item(&key, &found.entry, found.bytes.into());
                items.push((self.hand(region, Source::L2, item), token));
            }
        }
        if !items.is_empty() {
            l2.commit(epoch, &items).await;
        }
    }

    pub(crate) async fn fill_below(
        &self,
        region: &RegionMeta,
        key: &Arc<str>,
        entry: &Entry,
        bytes: Vec<u8>,
        ticket: Option<Ticket>,
    ) {
        let item = item(key, entry, bytes.into());
        let (epoch, tickets) =
            ticket.map_or((0, vec![None]), |ticket| (ticket.epoch, vec![Some(ticket.token)]));
        self.fill_below_many(region, epoch, vec![item], tickets).await;
    }

    /// One round trip a layer. What has no token was not claimed: nobody knows whether its load was overtaken.
    pub(crate) async fn fill_below_many(
        &self,
        region: &RegionMeta,
        epoch: u64,
        items: Vec<Item>,
        tokens: Vec<Option<Token>>,
    ) {
        if let Some(l2) = self.l2.as_ref().filter(|_| region.options.layers.writes(Source::L2)) {
            let mut claimed = Vec::with_capacity(items.len());
            for (item, token) in items.iter().zip(tokens) {
                match token {
                    Some(token) => claimed.push((self.hand(region, Source::L2, item.clone()), token)),
                    None => l2.counters.refused.add(1),
                }
            }
            if !claimed.is_empty() {
                l2.commit(epoch, &claimed).await;
            }
        }
        if let Some(l3) = self.l3.as_ref().filter(|_| region.options.layers.writes(Source::L3)) {
            l3.fill(items.into_iter().map(|item| self.hand(region, Source::L3, item)).collect()).await;
        }
    }

    /// What a shared layer is handed. Each may have its own longest stay, and forgets what nobody reads when its idle time
    /// is over.
    pub(crate) fn hand(&self, region: &RegionMeta, source: Source, mut item: Item) -> Item {
        region.counters.of(source).written_bytes.add(item.bytes.len() as u64);
        item.expires_ms = self.forgotten_at(region, source, item.expires_ms, item.idle);
        item
    }

    /// When a layer is to forget what would end at `expires_ms` and is read now.
    pub(crate) fn forgotten_at(
        &self,
        region: &RegionMeta,
        source: Source,
        expires_ms: u64,
        idle: Option<Duration>,
    ) -> u64 {
        let now_ms = self.clock.wall_ms();
        let ends = region.options.layers.expiry_in(source, expires_ms, now_ms);
        let idle_ms = idle.map_or(u64::MAX, |idle| u64::try_from(idle.as_millis()).unwrap_or(u64::MAX));
        ends.min(now_ms.saturating_add(idle_ms))
    }

    /// An entry that begins its life now.
    pub(crate) fn entry(
        &self,
        region: &RegionMeta,
        key: &str,
        value: Arc<dyn Any + Send + Sync>,
        newborn: &Newborn,
        said: Said,
    ) -> Arc<Entry> {
        let absent = value.is::<crate::entry::Nothing>();
        let terms = Terms::of(&region.options, said.ttl, absent);
        let now = self.clock.look();
        let created_ms = now.wall_ms;
        let course = Course {
            options: &region.options,
            terms,
            created_ms,
            age: Duration::ZERO,
            absent,
            load_cost: newborn.load_cost,
            etag: said.etag,
        };
        let (deadline, life) = course.begin(now.instant);
        let mut tags = said.tags;
        tags.extend(region.tags.iter().filter(|tag| !tags.contains(tag)).copied().collect::<Vec<_>>());
        // A key that is whole in itself does not begin with the region's name: `Region::clear` knows it by this.
        if !key.starts_with(&region.prefix) {
            tags.push(region.whole_tag);
        }
        let kept_ms = u64::try_from(terms.kept.as_millis()).unwrap_or(u64::MAX);
        Arc::new(Entry {
            weight: region.weigh(value.as_ref()),
            value,
            region: region.id,
            born: newborn.born,
            version: said.version,
            created_ms,
            expires_ms: created_ms.saturating_add(kept_ms),
            deadline,
            tags: tags.into(),
            sure_until: newborn.sure_until,
            plain_until: Entry::plain_by(&now, deadline, absent),
            checked: AtomicU64::new(0),
            life,
        })
    }
}

/// What is known of a new entry beside its value.
pub(crate) struct Newborn {
    pub(crate) born: u64,
    pub(crate) sure_until: u64,
    pub(crate) load_cost: Duration,
}

pub(crate) fn seal<V: Serialize>(
    region: &RegionMeta,
    key: &str,
    entry: &Entry,
    value: &V,
) -> Result<Vec<u8>, String> {
    region.codec.seal(key, &header(region, entry), Some(value))
}

/// The bytes of what is known not to be there.
pub(crate) fn seal_absence(region: &RegionMeta, key: &str, entry: &Entry) -> Result<Vec<u8>, String> {
    region.codec.seal(key, &header(region, entry), None::<&()>)
}

fn header(region: &RegionMeta, entry: &Entry) -> Header {
    let cost = entry.life.as_ref().map_or(0, |life| life.load_cost.as_micros());
    Header {
        fingerprint: region.fingerprint,
        // Whoever keeps the clock writes it.
        epoch: 0,
        born: entry.born,
        version: entry.version,
        created_ms: entry.created_ms,
        fresh_until_ms: entry.fresh_until_ms(),
        hard_until_ms: entry.hard_until_ms(),
        expires_ms: entry.expires_ms,
        load_cost_us: u32::try_from(cost).unwrap_or(u32::MAX),
        etag: entry.etag().into(),
        tags: entry.tags.clone(),
    }
}

pub(crate) fn item(key: &Arc<str>, entry: &Entry, bytes: Arc<[u8]>) -> Item {
    let (born, version, expires_ms) = (entry.born, entry.version, entry.expires_ms);
    Item { key: key.clone(), bytes, born, version, expires_ms, idle: entry.idle() }
}
