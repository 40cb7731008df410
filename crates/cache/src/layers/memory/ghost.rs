use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::{OptionsBuilder, Weighter};

use super::moka::UNSETTLED_SHARE;
use super::store::Hashing;
use super::store_key::Lookup;
use crate::counter::{Counter, Striped};
use crate::options::{MemoryConfig, MemoryKind};

/// The hit rates that memory of other sizes would have had for the same requests since the cache was built.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GhostEstimate {
    /// With half the capacity, 0 to 1.
    pub half: f64,
    /// With the capacity it has: how far it is from what was really counted says how good the others are.
    pub same: f64,
    /// With twice the capacity.
    pub twice: f64,
    /// How many requests the estimate is of.
    pub requests: u64,
}

/// What memory would do at half, the same and twice its size: the same store in miniature, without values, for a sample of
/// the keys chosen by hash and capacities scaled alike (Waldspurger et al., *Cache modeling and optimization using miniature
/// simulations*, 2017).
#[derive(Debug)]
pub(super) struct Ghost {
    /// One key in two to this power is in the sample.
    rarity: u32,
    hasher: Hashing,
    requests: Striped,
    sampled: Counter,
    sizes: [Miniature; 3],
}

/// The smallest simulation keeps at least so many entries, or all there are: with fewer, chance decides.
const LEAST: usize = 128;

#[derive(Debug)]
struct Miniature {
    map: Map,
    hits: Counter,
}

#[derive(Debug)]
enum Map {
    Quick(quick_cache::sync::Cache<u64, Known, Weigh, foldhash::fast::RandomState>),
    Moka {
        map: moka::sync::Cache<u64, Known, foldhash::fast::RandomState>,
        unsettled: AtomicU64,
        at_most: u64,
    },
}

/// What is simulated of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) deadline: u64,
    pub(super) weight: u32,
}

#[derive(Debug, Clone, Copy)]
struct Weigh;

impl Weighter<u64, Known> for Weigh {
    fn weight(&self, _key: &u64, known: &Known) -> u64 {
        u64::from(known.weight)
    }
}

impl Ghost {
    pub(super) fn new(config: &MemoryConfig) -> Self {
        let rarity = (config.capacity / 2 / LEAST).max(1).ilog2();
        let size = |halves: u64| {
            let count = u64::try_from(config.capacity).unwrap_or(u64::MAX);
            let scaled = |bound: u64| (bound.saturating_mul(halves) >> (rarity + 1)).max(1);
            let (bound, entries) = (scaled(config.max_weight.unwrap_or(count)), scaled(count));
            Miniature { map: Map::new(config.kind, bound, entries), hits: Counter::default() }
        };
        Self {
            rarity,
            hasher: Hashing::default(),
            requests: Striped::default(),
            sampled: Counter::default(),
            sizes: [1, 2, 4].map(size),
        }
    }

    /// A request, and what memory had for it.
    pub(super) fn request(&self, at: &Lookup<'_>, now: u64, found: Option<Known>) {
        self.requests.add(1);
        let Some(key) = self.sample(at) else { return };
        self.sampled.add(1);
        for size in &self.sizes {
            if size.map.get(key).is_some_and(|known| known.deadline > now) {
                size.hits.add(1);
            } else if let Some(known) = found {
                // What would have to be loaded there is here: nobody will say that it was kept.
                size.map.insert(key, known);
            }
        }
    }

    pub(super) fn kept(&self, at: &Lookup<'_>, known: Known) {
        if let Some(key) = self.sample(at) {
            self.sizes.iter().for_each(|size| size.map.insert(key, known));
        }
    }

    pub(super) fn removed(&self, at: &Lookup<'_>) {
        if let Some(key) = self.sample(at) {
            self.sizes.iter().for_each(|size| size.map.remove(key));
        }
    }

    pub(super) fn clear(&self) {
        self.sizes.iter().for_each(|size| size.map.clear());
    }

    /// A sample has more or fewer of the few hottest keys than its share, and those hit at any size: what it lacks of its
    /// share of requests are taken for hits, and what it has too many are not counted (SHARDS-adj, Waldspurger et al., 2015).
    pub(super) fn estimate(&self) -> GhostEstimate {
        let (requests, sampled) = (self.requests.get(), self.sampled.get());
        let share = requests as f64 / f64::from(1_u32 << self.rarity);
        let [half, same, twice] = [0, 1, 2].map(|at| {
            let hits = self.sizes[at].hits.get() as f64 + (share - sampled as f64);
            if requests == 0 { 0.0 } else { (hits / share).clamp(0.0, 1.0) }
        });
        GhostEstimate { half, same, twice, requests }
    }

    /// By the high bits: those below choose the key's place in the miniatures.
    fn sample(&self, at: &Lookup<'_>) -> Option<u64> {
        let hash = self.hasher.hash_one(at);
        (hash.leading_zeros() >= self.rarity).then_some(hash)
    }
}

impl Map {
    fn new(kind: MemoryKind, bound: u64, entries: u64) -> Self {
        let hasher = foldhash::fast::RandomState::default();
        match kind {
            MemoryKind::QuickCache => {
                let mut options = OptionsBuilder::new();
                let entries = usize::try_from(entries).unwrap_or(usize::MAX);
                options.estimated_items_capacity(entries).weight_capacity(bound).shards(1);
                let options = options.build().expect("both capacities are given");
                let lifecycle = quick_cache::sync::DefaultLifecycle::default();
                Self::Quick(quick_cache::sync::Cache::with_options(options, Weigh, hasher, lifecycle))
            }
            MemoryKind::Moka => {
                let map = moka::sync::Cache::builder().max_capacity(bound);
                let map = map.weigher(|_, known: &Known| known.weight).build_with_hasher(hasher);
                Self::Moka { map, unsettled: AtomicU64::new(0), at_most: bound / UNSETTLED_SHARE }
            }
        }
    }

    fn get(&self, key: u64) -> Option<Known> {
        match self {
            Self::Quick(map) => map.get(&key),
            Self::Moka { map, .. } => map.get(&key),
        }
    }

    fn insert(&self, key: u64, known: Known) {
        match self {
            Self::Quick(map) => map.insert(key, known),
            // What waits for maintenance is a window of admission, so its share must be that of the real one.
            Self::Moka { map, unsettled, at_most } => {
                let weight = u64::from(known.weight);
                map.insert(key, known);
                if unsettled.fetch_add(weight, Ordering::Relaxed) + weight > *at_most {
                    map.run_pending_tasks();
                    unsettled.store(0, Ordering::Relaxed);
                }
            }
        }
    }

    fn remove(&self, key: u64) {
        match self {
            Self::Quick(map) => drop(map.remove(&key)),
            Self::Moka { map, .. } => map.invalidate(&key),
        }
    }

    fn clear(&self) {
        match self {
            Self::Quick(map) => map.clear(),
            Self::Moka { map, .. } => map.invalidate_all(),
        }
    }
}
