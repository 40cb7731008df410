//! The way of a value that is true from now on: void what is older, write the shared layers, then memory.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::codec;
use crate::entry::Source;
use crate::error::CacheError;
use crate::fill::{Newborn, item, seal};
use crate::inner::Inner;
use crate::invalidate::{Delivery, Voiding};
use crate::layers::backlog::Revocation;
use crate::layers::shared::Item;
use crate::load::Said;
use crate::region::RegionMeta;

impl Inner {
    /// One round trip a layer, whatever the number of items. `version` is the source's of all of them, 0 for none.
    pub(crate) async fn write_many<V>(
        &self,
        region: &RegionMeta,
        items: Vec<(Arc<str>, V)>,
        version: u64,
    ) -> Result<Delivery, CacheError>
    where
        V: Serialize + Send + Sync + 'static,
    {
        let outdated = |key: &Arc<str>| CacheError::Outdated {
            cache: self.name.to_string(),
            key: key.to_string(),
            version,
        };
        let (at, sure_until) = (self.clock.tick(), self.sure_until());
        let (keys, values): (Vec<Arc<str>>, Vec<Arc<V>>) =
            items.into_iter().map(|(key, value)| (key, Arc::new(value))).unzip();
        if version != 0
            && let Some(key) = keys.iter().find(|key| !self.stripes.admits(key, version))
        {
            return Err(outdated(key));
        }
        let voiding = Voiding::begin(self, keys, version);
        let keys = voiding.keys.clone();
        let debts = self.owe(at, &Revocation::Keys { keys: keys.clone(), version });

        let newborn = Newborn { born: at, sure_until, load_cost: Duration::ZERO };
        let make = |(key, value): (&Arc<str>, &Arc<V>)| {
            self.entry(region, key, value.clone(), &newborn, Said { version, ..Said::default() })
        };
        let mut entries: Vec<_> = keys.iter().zip(&values).map(make).collect();
        let mut sealed: Vec<Item> = Vec::new();
        if self.is_layered() {
            for ((key, value), entry) in keys.iter().zip(&values).zip(&entries) {
                // Returning drops the debts and `voiding`: the old values are invalidated everywhere, nothing new is written.
                let bytes = seal(region, key, entry, value.as_ref()).map_err(|reason| {
                    CacheError::Encode { cache: self.name.to_string(), key: key.to_string(), reason }
                })?;
                sealed.push(item(key, entry, bytes.into()));
            }
        }

        let layers = &region.options.layers;
        let handed = |source, sealed: &[Item]| -> Vec<Item> {
            sealed.iter().map(|item| self.hand(region, source, item.clone())).collect()
        };
        let (mut delivery, mut born) = (Delivery::Applied, at);
        let mut refused = None;
        if let Some((l2, owed)) = debts.l2 {
            if layers.writes(Source::L2) {
                match l2.store(at, &handed(Source::L2, &sealed)).await {
                    Ok(stored) => {
                        owed.settle();
                        self.clock.observe(stored.clock);
                        born = born.max(stored.clock);
                        restamp(&mut sealed, born);
                        refused = stored.outdated.first().and_then(|at| keys.get(*at));
                    }
                    // Dropping `owed` leaves the layer an invalidation: it may hold the old value, the new, or neither.
                    Err(_) => delivery = Delivery::Queued,
                }
            } else {
                let (answer, clock) = l2.pay(owed).await;
                self.clock.observe(clock);
                (delivery, born) = (answer, born.max(clock));
                restamp(&mut sealed, born);
            }
        }
        let mut again = debts.again;
        if layers.writes(Source::L2)
            && let Some((_, owed)) = again.take()
        {
            // Who finds the new value there does not ask SQL.
            owed.settle();
        }
        if let Some(key) = refused {
            // Dropping `voiding` and the other debt leaves the key empty here: the keeper knows better.
            return Err(outdated(key));
        }
        if let Some((l3, mut owed)) = debts.l3 {
            if layers.writes(Source::L3) {
                match l3.store(&handed(Source::L3, &sealed)).await {
                    Ok(()) => owed.settle(),
                    Err(_) => delivery = Delivery::Queued,
                }
            } else {
                owed.at = owed.at.max(born);
                delivery = delivery.and(l3.pay(owed).await);
            }
        }
        if let Some(again) = again {
            // At the time it is owed for: what is kept in memory was born when the keeper was first told.
            (delivery, _) = self.pay_again(again, delivery, at).await;
        }
        if layers.writes(Source::L1) {
            for entry in &mut entries {
                Arc::get_mut(entry).expect("it was just made, and lies nowhere else").born = born;
            }
            voiding.keep(entries);
            self.l1_counters.fills.add(values.len() as u64);
        }
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
