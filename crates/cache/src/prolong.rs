//! Sliding: a value that is read lives on, also where it lies below.

use std::sync::Arc;

use tokio::time::Instant;

use crate::entry::{Entry, Source};
use crate::inner::Inner;
use crate::layers::shared::Prolonged;
use crate::region::RegionMeta;

impl Inner {
    /// [`prolong`](Self::prolong) of what a read was just answered with from memory.
    pub(crate) fn prolong_recalled(self: &Arc<Self>, region: &Arc<RegionMeta>, key: &Arc<str>) {
        if region.options.sliding.is_some()
            && let Some(recalled) = self.examine(region, key)
        {
            self.prolong(region, key, &recalled.entry, false);
        }
    }

    /// Tells the shared layers, behind the caller, that an entry is still read: at once, or at most once in half its idle
    /// time, so that a hit stays a hit. Memory was told by [`Entry::touch`].
    pub(crate) fn prolong(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        key: &Arc<str>,
        entry: &Arc<Entry>,
        at_once: bool,
    ) {
        if entry.idle().is_none() || !self.is_layered() || !entry.tell_below(Instant::now(), at_once) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (inner, region, key, entry) = (self.clone(), region.clone(), key.clone(), entry.clone());
        runtime.spawn(async move { inner.prolong_below(&region, &key, &entry).await });
    }

    /// No more than a word: written again, it could take the place of what was loaded meanwhile.
    async fn prolong_below(&self, region: &RegionMeta, key: &Arc<str>, entry: &Entry) {
        let (born, created_ms) = entry.moment();
        let prolonged = |source| Prolonged {
            key: key.clone(),
            born,
            created_ms,
            expires_ms: self.forgotten_at(region, source, entry.expires_ms, entry.idle()),
        };
        if let Some(l2) = self.l2.as_ref().filter(|_| region.options.layers.writes(Source::L2)) {
            l2.prolong(&prolonged(Source::L2)).await;
        }
        if let Some(l3) = self.l3.as_ref().filter(|_| region.options.layers.writes(Source::L3)) {
            l3.prolong(&prolonged(Source::L3)).await;
        }
    }
}
