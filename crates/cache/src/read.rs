//! The way of a read that does not load: one round trip a layer, whatever the number of keys.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use crate::descend::Errand;
use crate::entry::{Answer, Hit, Source};
use crate::inner::Inner;
use crate::lead::unloaded;
use crate::life::Stage;
use crate::recall::Recalled;
use crate::region::RegionMeta;

/// In place where there is only one.
type Hits<V> = SmallVec<[Option<Hit<V>>; 1]>;

impl Inner {
    /// Reads without loading. One round trip a layer, whatever the number of keys.
    pub(crate) async fn read_many<V>(self: &Arc<Self>, region: &Arc<RegionMeta>, keys: &[Arc<str>]) -> Hits<V>
    where
        V: serde::Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let mut hits: Hits<V> = SmallVec::with_capacity(keys.len());
        let mut missing: SmallVec<[usize; 1]> = SmallVec::new();
        for (at, key) in keys.iter().enumerate() {
            let answer = self.remembered(region, key);
            if answer.is_none() {
                missing.push(at);
            }
            hits.push(answer.and_then(Answer::into_hit));
        }
        region.counters.hits.add((keys.len() - missing.len()) as u64);
        region.counters.misses.add(missing.len() as u64);
        if missing.is_empty() || !self.is_layered() {
            return hits;
        }
        let some: SmallVec<[Arc<str>; 1]>;
        let wanted = if missing.len() == keys.len() {
            keys
        } else {
            some = missing.iter().map(|at| keys[*at].clone()).collect();
            &some
        };
        // Before anything is read: an invalidation from here on moves them, and then nothing is kept.
        let keeps = region.options.layers.writes(Source::L1);
        let generation = |key: &Arc<str>| if keeps { self.stripes.generation(key) } else { 0 };
        let generations: SmallVec<[u64; 1]> = wanted.iter().map(generation).collect();
        let below = self.descend::<V>(region, wanted, Errand::Read).await;
        let mut durable = Vec::new();
        for (((at, key), generation), found) in
            missing.into_iter().zip(wanted).zip(generations).zip(below.found)
        {
            let Some(found) = found else {
                hits[at] = self.remembered_late(region, key, true).and_then(Answer::into_hit);
                continue;
            };
            let (entry, stage) = (&found.entry, found.stage);
            let recalled = Recalled { entry: entry.clone(), stage, suspect: false };
            if let Some(freshness) = unloaded(region, &recalled) {
                // Of this read the layer has not heard, nor will it of all that memory answers before the next.
                self.prolong(region, key, entry, true);
                hits[at] =
                    self.answer_at(found.seen_ms, entry, found.source, freshness).and_then(Answer::into_hit);
            }
            if stage == Stage::Reserve {
                // What only fail-safe serves takes nobody's place: memory's own may know of a load that failed.
                continue;
            }
            let kept = keeps
                && self.believes(entry, key)
                && self.stripes.fill(key, generation, self.l1.as_ref(), entry.clone());
            if keeps {
                self.l1_counters.filled(1, u64::from(!kept));
            }
            if kept && found.source == Source::L3 {
                durable.push((key.clone(), found));
            }
        }
        self.promote_again(region, durable).await;
        hits
    }

    /// What memory answers to a read that does not load.
    pub(crate) fn remembered<V>(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        key: &Arc<str>,
    ) -> Option<Answer<V>>
    where
        V: serde::Serialize + Send + Sync + 'static,
    {
        // A look that cannot help would be a request to the store.
        if !region.options.layers.reads(Source::L1) {
            return None;
        }
        self.ask(region, key).or_else(|| self.remembered_late(region, key, !self.is_layered()))
    }

    /// What memory answers where a plain hit could not be made.
    pub(crate) fn remembered_late<V>(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        key: &Arc<str>,
        last_resort: bool,
    ) -> Option<Answer<V>>
    where
        V: serde::Serialize + Send + Sync + 'static,
    {
        let (answer, entry) = self.served_unloaded(region, key, last_resort)?;
        self.prolong(region, key, &entry, false);
        Some(answer)
    }
}
