use std::any::Any;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::RwLock;

use super::ghost::{Ghost, GhostEstimate, Known};
use super::moka::Moka;
use super::quick::{Held, Quick};
use super::share::{Share, Shares};
use super::store::{Glance, Store, Weigh};
use super::store_key::{Lookup, WHOLE};
use crate::entry::Entry;
use crate::options::{MemoryConfig, MemoryKind};

/// The memory layer: a store, and the regions by whose names rendered texts find their entries.
#[derive(Debug)]
pub(crate) struct L1 {
    store: Kind,
    regions: RwLock<Regions>,
    shares: Arc<Shares>,
    ghost: Option<Ghost>,
    weigh: Weigh,
    /// How often an entry was asked for in whole.
    #[cfg(test)]
    pub(crate) whole_looks: crate::counter::Counter,
}

/// Which store it is: a hit is one call that is known, all else is asked of [`Store`].
#[derive(Debug)]
enum Kind {
    Quick(Quick),
    Moka(Moka),
}

impl Deref for Kind {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Quick(quick) => quick,
            Self::Moka(moka) => moka,
        }
    }
}

#[derive(Debug, Default)]
struct Regions {
    prefixes: Vec<Box<str>>,
    ids: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
}

impl L1 {
    pub(crate) fn new(config: &MemoryConfig) -> Self {
        let shares = Arc::<Shares>::default();
        let store = match config.kind {
            MemoryKind::QuickCache => Kind::Quick(Quick::new(config, shares.clone())),
            MemoryKind::Moka => Kind::Moka(Moka::new(config, shares.clone())),
        };
        Self {
            store,
            regions: RwLock::default(),
            shares,
            ghost: config.ghost.then(|| Ghost::new(config)),
            weigh: Weigh::by(config),
            #[cfg(test)]
            whole_looks: crate::counter::Counter::default(),
        }
    }

    /// The number of the region whose keys begin so.
    pub(crate) fn region(&self, prefix: &str) -> u32 {
        let mut regions = self.regions.write();
        if let Some(known) = regions.ids.get(prefix) {
            return *known;
        }
        let id = u32::try_from(regions.prefixes.len()).unwrap_or(WHOLE).min(WHOLE - 1);
        self.shares.add();
        regions.prefixes.push(prefix.into());
        regions.ids.insert(prefix.into(), id);
        id
    }

    /// The value, if there is one, and what is judged of it. That is judged where the store put it: wherever a glance is moved
    /// on, the processor waits for what it has just written in other portions.
    #[inline(always)]
    pub(crate) fn glance<R>(
        &self,
        at: &Lookup<'_>,
        judge: impl FnOnce(&Glance) -> R,
    ) -> Option<(R, Arc<dyn Any + Send + Sync>)> {
        match &self.store {
            Kind::Quick(quick) => {
                let held = quick.map.get(at)?;
                let judged = judge(&held.glance);
                let Held { glance: Glance { value, .. }, .. } = held;
                Some((judged, value))
            }
            Kind::Moka(moka) => {
                let glance = Glance::at(&*moka.map.get(at)?, moka.weigh);
                Some((judge(&glance), glance.value))
            }
        }
    }

    /// A request came, and found this.
    #[inline]
    pub(crate) fn requested(&self, at: &Lookup<'_>, now: u64, found: Option<&Glance>) {
        if let Some(ghost) = &self.ghost {
            let known = found.map(|found| Known { deadline: found.plain_until, weight: found.weight });
            ghost.request(at, now, known.filter(|known| known.deadline > now));
        }
    }

    fn known(&self, entry: &Entry) -> Known {
        Known { deadline: entry.plain_until(), weight: self.weigh.of(entry) }
    }

    pub(crate) fn estimate(&self) -> Option<GhostEstimate> {
        self.ghost.as_ref().map(Ghost::estimate)
    }

    pub(crate) fn has(&self, at: &Lookup<'_>) -> bool {
        self.store.has(at)
    }

    pub(crate) fn entry(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        #[cfg(test)]
        self.whole_looks.add(1);
        self.store.entry(at)
    }

    /// The entry was found alive and says so itself: the next hit may know.
    pub(crate) fn note(&self, at: &Lookup<'_>, entry: &Arc<Entry>) {
        self.store.note(at, entry);
    }

    /// Called under the stripe's lock; hands out what was displaced, to be dropped after it.
    #[expect(clippy::needless_pass_by_value, reason = "the layer that keeps it takes it over")]
    pub(crate) fn insert(&self, text: Arc<str>, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        let regions = self.regions.read();
        // A region that was never named keeps its texts whole.
        let prefix = regions.prefixes.get(entry.region as usize).map_or("\0", |prefix| prefix);
        let at = Lookup::rendered(entry.region, prefix, &text);
        if let Some(ghost) = &self.ghost {
            ghost.kept(&at, self.known(&entry));
        }
        self.store.insert(at.to_owned(), entry)
    }

    /// Takes out what lies under this text, in whatever region: names may begin alike, as `a` and `a:b` do. Called under
    /// the stripe's lock; hands out what was taken, to be dropped after it.
    pub(crate) fn remove(&self, text: &str) -> std::vec::IntoIter<Arc<Entry>> {
        let mut removed = Vec::new();
        let mut remove = |at: &Lookup<'_>| {
            if let Some(ghost) = &self.ghost {
                ghost.removed(at);
            }
            removed.extend(self.store.remove(at));
        };
        remove(&Lookup::text(WHOLE, text));
        let regions = self.regions.read();
        for (separator, _) in text.match_indices(':') {
            let (prefix, rest) = text.split_at(separator + 1);
            if let Some(region) = regions.ids.get(prefix) {
                remove(&Lookup::text(*region, rest));
            }
        }
        removed.into_iter()
    }

    /// Some of the entries under their rendered texts, each as likely as another. Costs a pass over the store, and no
    /// request to its policy.
    pub(crate) fn sample(&self, at_most: usize) -> Vec<(Arc<str>, Arc<Entry>)> {
        let chosen = self.store.sample(at_most);
        let regions = self.regions.read();
        let rendered = chosen.into_iter().map(|(key, entry)| {
            let prefix = regions.prefixes.get(entry.region as usize).map_or("", |prefix| prefix);
            (key.text(prefix).into(), entry)
        });
        rendered.collect()
    }

    pub(crate) fn clear(&self) {
        self.store.clear();
        if let Some(ghost) = &self.ghost {
            ghost.clear();
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.store.settle();
        self.store.len()
    }

    pub(crate) fn evictions(&self) -> u64 {
        self.store.settle();
        self.shares.evictions()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.store.settle();
        self.store.weight()
    }

    /// What a region has of it.
    pub(crate) fn share(&self, region: u32) -> Option<Arc<Share>> {
        self.store.settle();
        self.shares.of(region)
    }

    /// What the map holds at this moment, whatever its maintenance has yet to do about it.
    #[cfg(test)]
    pub(crate) fn held(&self) -> u64 {
        self.store.weight()
    }

    /// The same, entry by entry.
    #[cfg(test)]
    pub(crate) fn counted(&self) -> u64 {
        self.store.counted()
    }
}
