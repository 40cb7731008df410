//! Step 7: what a read found or loaded is kept, by every layer that may.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::Serialize;

use crate::cache::Inner;
use crate::codec::{self, Header};
use crate::descend::Found;
use crate::entry::{Entry, Source};
use crate::flight::Seat;
use crate::layers::shared::Item;
use crate::region::RegionMeta;

impl Inner {
    pub(crate) fn land(&self, key: &Arc<str>, seat: &Seat<'_>, entry: &Arc<Entry>, source: Source) -> bool {
        let worth = entry.deadline > self.clock.now();
        let kept = seat.land(self.l1.as_ref(), entry, source, || worth && self.believes(entry, key));
        self.l1_counters.filled(1, u64::from(!kept));
        kept
    }

    pub(crate) async fn promote(&self, epoch: Option<u64>, found: Vec<(Arc<str>, Found)>) {
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

    pub(crate) async fn fill_below(&self, epoch: Option<u64>, key: &Arc<str>, entry: &Entry, bytes: Vec<u8>) {
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
            weight: region.weigh(value.as_ref()),
            value,
            region: region.id,
            born,
            created_ms,
            expires_ms: created_ms.saturating_add(ttl_ms),
            deadline: self.clock.deadline(ttl),
            tags,
            checked: AtomicU64::new(0),
        })
    }
}

pub(crate) fn seal<V: Serialize>(region: &RegionMeta, entry: &Entry, value: &V) -> Result<Vec<u8>, String> {
    let header = Header {
        fingerprint: region.fingerprint,
        epoch: 0,
        born: entry.born,
        created_ms: entry.created_ms,
        expires_ms: entry.expires_ms,
        tags: entry.tags.clone(),
    };
    Ok(codec::seal(&header, &codec::encode(value)?))
}

pub(crate) fn item(key: &Arc<str>, entry: &Entry, bytes: Arc<[u8]>) -> Item {
    Item { key: key.clone(), bytes, born: entry.born, expires_ms: entry.expires_ms }
}
