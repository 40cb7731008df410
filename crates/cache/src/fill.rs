//! Step 7: what a read found or loaded is kept, by every layer that may.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::claim::Ticket;
use crate::codec::Header;
use crate::descend::Found;
use crate::entry::{Entry, Source};
use crate::flight::Seat;
use crate::inner::Inner;
use crate::layers::keeper::{Claim, Token, Wanted};
use crate::layers::shared::Item;
use crate::region::RegionMeta;

impl Inner {
    pub(crate) fn land(&self, key: &Arc<str>, seat: &Seat<'_>, entry: &Arc<Entry>, source: Source) -> bool {
        let worth = entry.deadline > Instant::now();
        let kept = seat.land(self.l1.as_ref(), entry, source, || worth && self.believes(entry, key));
        self.l1_counters.filled(1, u64::from(!kept));
        kept
    }

    /// What lay in the durable layer is committed to the keeper like a load, for it was read under the same claim.
    pub(crate) async fn promote(&self, found: Vec<(Arc<str>, Found, Option<Ticket>)>) {
        let Some(l2) = &self.l2 else { return };
        let mut items: Vec<(Item, Token)> = Vec::new();
        let mut epoch = 0;
        for (key, found, ticket) in found {
            if let (Source::L3, Some(ticket)) = (found.source, ticket) {
                epoch = ticket.epoch;
                items.push((item(&key, &found.entry, found.bytes.into()), ticket.token));
            }
        }
        if !items.is_empty() {
            l2.commit(epoch, &items).await;
        }
    }

    /// Promotes what was read from the durable layer under no claim: claims it, and commits what still stands there.
    pub(crate) async fn promote_again(&self, found: Vec<(Arc<str>, Found)>) {
        let (Some(l2), Some(l3)) = (&self.l2, &self.l3) else { return };
        if found.is_empty() {
            return;
        }
        let wanted: Vec<Wanted> =
            found.iter().map(|(key, _)| Wanted { key: key.clone(), dead: None }).collect();
        let Ok((claims, epoch)) = l2.claim(&wanted, false).await else { return };
        let keys: Vec<Arc<str>> = found.iter().map(|(key, _)| key.clone()).collect();
        let Ok(slots) = l3.read(&keys).await else { return };
        let mut items = Vec::new();
        for (((key, found), slot), (claim, _)) in found.into_iter().zip(slots).zip(claims.claims) {
            if let Claim::Granted(token) = claim
                && slot.bytes.as_deref() == Some(found.bytes.as_slice())
            {
                items.push((item(&key, &found.entry, found.bytes.into()), token));
            }
        }
        if !items.is_empty() {
            l2.commit(epoch, &items).await;
        }
    }

    pub(crate) async fn fill_below(
        &self,
        key: &Arc<str>,
        entry: &Entry,
        bytes: Vec<u8>,
        ticket: Option<Ticket>,
    ) {
        let item = item(key, entry, bytes.into());
        if let Some(l2) = &self.l2 {
            match ticket {
                Some(ticket) => l2.commit(ticket.epoch, &[(item.clone(), ticket.token)]).await,
                // It did not answer when asked: nobody knows whether this load was overtaken there.
                None => l2.counters.refused.add(1),
            }
        }
        if let Some(l3) = &self.l3 {
            l3.fill(vec![item]).await;
        }
    }

    pub(crate) fn entry(
        &self,
        region: &RegionMeta,
        value: Arc<dyn Any + Send + Sync>,
        born: u64,
        ttl: Duration,
        tags: Box<[u64]>,
        sure_until: u64,
    ) -> Arc<Entry> {
        let created_ms = self.clock.wall_ms();
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Arc::new(Entry {
            value,
            region: region.id,
            born,
            version: 0,
            created_ms,
            expires_ms: created_ms.saturating_add(ttl_ms),
            deadline: Instant::now() + ttl,
            tags,
            sure_until,
            checked: AtomicU64::new(0),
        })
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
        version: entry.version,
        created_ms: entry.created_ms,
        fresh_until_ms: entry.expires_ms,
        expires_ms: entry.expires_ms,
        tags: entry.tags.clone(),
        ..Header::default()
    };
    region.codec.seal(key, &header, Some(value))
}

pub(crate) fn item(key: &Arc<str>, entry: &Entry, bytes: Arc<[u8]>) -> Item {
    Item { key: key.clone(), bytes, born: entry.born, version: entry.version, expires_ms: entry.expires_ms }
}
