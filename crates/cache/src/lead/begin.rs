use std::sync::Arc;

use tokio::time::Instant;

use crate::entry::{Answer, Entry, Freshness, Source, Why};
use crate::inner::Inner;
use crate::life::Stage;
use crate::recall::Recalled;
use crate::region::RegionMeta;

/// What a read that may load begins with, once a plain hit was not to be had.
pub(crate) enum Begin<V> {
    /// Memory had it after all.
    Answer(Answer<V>),
    /// Memory has it, and it is time to load it anew.
    Refresh(Arc<Entry>, Answer<V>),
    Load,
}

impl Inner {
    pub(crate) fn begin<V: Send + Sync + 'static>(&self, region: &RegionMeta, key: &str) -> Begin<V> {
        let now = Instant::now();
        let Some(Recalled { entry, stage, suspect }) = self.examine(region, key) else { return Begin::Load };
        let freshness = match (stage, entry.held_off(now)) {
            (Stage::Fresh | Stage::Due, _) => Freshness::Fresh,
            (Stage::Stale, None) => Freshness::Stale { why: Why::Refreshing },
            (Stage::Stale, Some(why)) => Freshness::Stale { why },
            (Stage::Reserve, Some(why)) if region.options.fail_safe.is_some() => {
                Freshness::Stale { why: if suspect { Why::Suspect } else { why } }
            }
            (Stage::Reserve | Stage::Dead, _) => return Begin::Load,
        };
        let Some(answer) = self.answer(&entry, Source::L1, freshness) else { return Begin::Load };
        entry.touch(now);
        region.counters.served(freshness);
        if entry.claim_refresh(stage, now) { Begin::Refresh(entry, answer) } else { Begin::Answer(answer) }
    }

    /// What a read that does not load may be answered from memory, beyond a plain hit. What fail-safe alone serves is the
    /// last resort: the layers below may have a newer one.
    pub(crate) fn served_unloaded<V: Send + Sync + 'static>(
        &self,
        region: &RegionMeta,
        key: &str,
        last_resort: bool,
    ) -> Option<(Answer<V>, Arc<Entry>)> {
        let recalled = self.examine(region, key)?;
        if recalled.stage == Stage::Reserve && !last_resort {
            return None;
        }
        let freshness = unloaded(region, &recalled)?;
        let answer = self.answer(&recalled.entry, Source::L1, freshness)?;
        recalled.entry.touch(Instant::now());
        region.counters.served(freshness);
        Some((answer, recalled.entry))
    }
}

/// How a read that does not load is served this, if at all.
pub(crate) fn unloaded(region: &RegionMeta, recalled: &Recalled) -> Option<Freshness> {
    let on_reads = || region.options.fail_safe.as_ref().is_some_and(|fail_safe| fail_safe.on_reads);
    match recalled.stage {
        Stage::Dead => None,
        Stage::Reserve if !on_reads() => None,
        _ => Some(recalled.freshness()),
    }
}
