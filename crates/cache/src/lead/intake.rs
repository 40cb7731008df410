//! What a loader answered: as an entry, as bytes for the layers below, and as an answer.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::voyage::Voyage;
use crate::entry::{Answer, Entry, Freshness, Hit, Nothing, Source};
use crate::error::LoadError;
use crate::fill::{Newborn, seal, seal_absence};
use crate::life::Stage;
use crate::load::{LoadContext, Loaded, Said};
use crate::options::EagerRefresh;

impl Voyage {
    /// Whether the source has answered with what is not to be kept, while what it answered before still lies somewhere: that
    /// is known to be over, and fail-safe must not come back to it.
    pub(super) fn leaves_old(&self, new: &Entry) -> bool {
        new.stage(Instant::now()) == Stage::Dead && self.watch.reserve().is_some()
    }

    /// What a loader answered, as an entry, as bytes if a layer below is to have them, and as an answer.
    #[expect(clippy::type_complexity, reason = "three things, made together and parted at once")]
    pub(super) fn take_in<V, E>(
        &self,
        loaded: Loaded<V>,
        cx: &LoadContext,
        born: u64,
        sure_until: u64,
        took: Duration,
    ) -> Result<(Arc<Entry>, Option<Vec<u8>>, Answer<V>), LoadError<E>>
    where
        V: Serialize + Send + Sync + 'static,
    {
        let Self { inner, region, key, .. } = self;
        let by_cost = matches!(region.options.eager_refresh, EagerRefresh::ByCost(_));
        let newborn = Newborn { born, sure_until, load_cost: if by_cost { took } else { Duration::ZERO } };
        let mut said = cx.take();
        let value = match loaded {
            Loaded::Value(value) => Some(Arc::new(value)),
            Loaded::Absent => None,
            Loaded::NotModified => {
                let stale = cx.stale_entry();
                let stale = stale.ok_or_else(|| LoadError::NothingToKeep { key: key.to_string() })?;
                region.counters.not_modified.add(1);
                inherit(&mut said, stale);
                stale.value()
            }
        };
        let entry = match &value {
            Some(value) => inner.entry(region, key, value.clone(), &newborn, said),
            None => inner.entry(region, key, Arc::new(Nothing), &newborn, said),
        };
        let sealed = inner.is_layered().then(|| match &value {
            Some(value) => seal(region, key, &entry, value.as_ref()),
            None => seal_absence(region, key, &entry),
        });
        let bytes = match sealed {
            Some(Err(_)) => {
                inner.l1_counters.errors.add(1);
                None
            }
            Some(Ok(bytes)) => Some(bytes),
            None => None,
        };
        let (source, age, freshness) = (Source::Loader, Duration::ZERO, Freshness::Fresh);
        let hit = value.map(|value| Hit { value, source, age, freshness });
        Ok((entry, bytes, hit.map_or(Answer::Absent, Answer::Hit)))
    }
}

/// What the loader did not say anew stays as it was.
fn inherit(said: &mut Said, stale: &Entry) {
    said.tags.extend(stale.tags.iter().filter(|tag| !said.tags.contains(tag)).copied().collect::<Vec<_>>());
    if said.version == 0 {
        said.version = stale.version;
    }
    if said.etag.is_empty() {
        said.etag = stale.etag().into();
    }
}
