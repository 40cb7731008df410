//! The way of a value that is true from now on: void what is older, write the shared layers, then memory.

use std::sync::Arc;

use serde::Serialize;

use crate::codec;
use crate::error::CacheError;
use crate::fill::{item, seal};
use crate::inner::Inner;
use crate::invalidate::{Delivery, Voiding};
use crate::layers::backlog::Revocation;
use crate::layers::shared::Item;
use crate::region::RegionMeta;

impl Inner {
    /// One round trip a layer, whatever the number of items.
    pub(crate) async fn write_many<V>(
        &self,
        region: &RegionMeta,
        items: Vec<(Arc<str>, V)>,
    ) -> Result<Delivery, CacheError>
    where
        V: Serialize + Send + Sync + 'static,
    {
        let (at, sure_until) = (self.clock.tick(), self.sure_until());
        let (keys, values): (Vec<Arc<str>>, Vec<Arc<V>>) =
            items.into_iter().map(|(key, value)| (key, Arc::new(value))).unzip();
        let voiding = Voiding::begin(self, keys, 0);
        let keys = voiding.keys.clone();
        let debts = self.owe(at, &Revocation::Keys { keys: keys.clone(), version: 0 });

        let make = |value: &Arc<V>, born| {
            self.entry(region, value.clone(), born, region.options.ttl, Box::default(), sure_until)
        };
        let mut sealed: Vec<Item> = Vec::new();
        if self.is_layered() {
            for (key, value) in keys.iter().zip(&values) {
                let entry = make(value, at);
                // Returning drops the debts and `voiding`: the old values are invalidated everywhere, nothing new is written.
                let bytes = seal(region, key, &entry, value.as_ref()).map_err(|reason| {
                    CacheError::Encode { cache: self.name.to_string(), key: key.to_string(), reason }
                })?;
                sealed.push(item(key, &entry, bytes.into()));
            }
        }

        let (mut delivery, mut born) = (Delivery::Applied, at);
        if let Some((l2, owed)) = debts.l2 {
            match l2.store(at, &sealed).await {
                Ok(stored) => {
                    owed.settle();
                    self.clock.observe(stored.clock);
                    born = born.max(stored.clock);
                    restamp(&mut sealed, born);
                }
                // Dropping `owed` leaves the layer an invalidation: it may hold the old value, the new, or neither.
                Err(_) => delivery = Delivery::Queued,
            }
        }
        if let Some((l3, owed)) = debts.l3 {
            match l3.store(&sealed).await {
                Ok(()) => owed.settle(),
                Err(_) => delivery = Delivery::Queued,
            }
        }
        voiding.keep(values.iter().map(|value| make(value, born)).collect());
        self.l1_counters.fills.add(values.len() as u64);
        Ok(delivery)
    }
}

fn restamp(items: &mut [Item], born: u64) {
    for item in items {
        let mut bytes = item.bytes.to_vec();
        codec::stamp(&mut bytes, 0, born);
        item.bytes = bytes.into();
        item.born = born;
    }
}
