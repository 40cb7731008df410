//! Sliding: a value that is read lives on, also where it lies below.

use std::sync::Arc;

use serde::Serialize;
use tokio::time::Instant;

use crate::entry::{Entry, Source};
use crate::fill::{item, seal};
use crate::inner::Inner;
use crate::layers::keeper::{Claim, Wanted};
use crate::region::RegionMeta;

impl Inner {
    /// [`prolong`](Self::prolong) of what a read was just answered with from memory.
    pub(crate) fn prolong_recalled<V>(self: &Arc<Self>, region: &Arc<RegionMeta>, key: &Arc<str>)
    where
        V: Serialize + Send + Sync + 'static,
    {
        if region.options.sliding.is_some()
            && let Some(recalled) = self.examine(region, key)
        {
            self.prolong::<V>(region, key, &recalled.entry, false);
        }
    }

    /// Tells the shared layers, behind the caller, that an entry is still read: at most once in half its idle time, so that
    /// a hit stays a hit. Memory was told by [`Entry::touch`].
    pub(crate) fn prolong<V>(
        self: &Arc<Self>,
        region: &Arc<RegionMeta>,
        key: &Arc<str>,
        entry: &Arc<Entry>,
        at_once: bool,
    ) where
        V: Serialize + Send + Sync + 'static,
    {
        if entry.idle().is_none() || !self.is_layered() || !entry.tell_below(Instant::now(), at_once) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (inner, region, key, entry) = (self.clone(), region.clone(), key.clone(), entry.clone());
        runtime.spawn(async move { inner.write_again::<V>(&region, &key, &entry).await });
    }

    /// As a load that found the same value would: claimed as a successor of itself, so that an invalidation that comes
    /// between refuses it.
    async fn write_again<V>(&self, region: &RegionMeta, key: &Arc<str>, entry: &Entry)
    where
        V: Serialize + Send + Sync + 'static,
    {
        let Some(value) = entry.value::<V>() else { return };
        let Ok(bytes) = seal(region, key, entry, value.as_ref()) else { return };
        let item = item(key, entry, bytes.into());
        if let Some(l2) = self.l2.as_ref().filter(|_| region.options.layers.writes(Source::L2)) {
            let wanted = [Wanted { key: key.clone(), dead: Some(entry.born) }];
            if let Ok((claims, epoch)) = l2.claim(&wanted, false).await
                && let Some((Claim::Granted(token), _)) = claims.claims.first()
            {
                l2.commit(epoch, &[(self.capped(region, Source::L2, item.clone()), *token)]).await;
            }
        }
        if let Some(l3) = self.l3.as_ref().filter(|_| region.options.layers.writes(Source::L3)) {
            l3.fill(vec![self.capped(region, Source::L3, item)]).await;
        }
    }
}
