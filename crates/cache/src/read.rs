//! The way of a read that does not load: one round trip a layer, whatever the number of keys.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::cache::Inner;
use crate::entry::{Hit, Source};
use crate::region::RegionMeta;

impl Inner {
    /// Reads without loading. One round trip a layer, whatever the number of keys.
    pub(crate) async fn read_many<V>(&self, region: &RegionMeta, keys: &[Arc<str>]) -> Vec<Option<Hit<V>>>
    where
        V: DeserializeOwned + Send + Sync + 'static,
    {
        let mut hits: Vec<Option<Hit<V>>> = Vec::with_capacity(keys.len());
        let mut missing = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let hit = self.ask(region, key).and_then(|entry| self.hit(&entry, Source::L1));
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
}
