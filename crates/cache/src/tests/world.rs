//! A node over each choice of layers, and a source whose loads a test counts, fails and holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::stand_in::{ANSWERED, Store, UNBOUNDED, node_loading};
use crate::budget::{Budget, FleetBudget};
use crate::{Cache, Hit, Layers, LoadBudget, LoadError, Loaded, MemoryConfig, Region, RegionOptions};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Which layers keep values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    L1,
    L1L2,
    L1L3,
    L1L2L3,
    /// Memory neither keeps values nor is asked for them.
    L2,
}

/// Those with memory, which most tests look into.
pub(super) const SHAPES: [Shape; 4] = [Shape::L1, Shape::L1L2, Shape::L1L3, Shape::L1L2L3];

pub(super) const ALL_SHAPES: [Shape; 5] = [Shape::L1, Shape::L1L2, Shape::L1L3, Shape::L1L2L3, Shape::L2];

/// Two nodes over the same shared layers, made before time is moved, with one source of values.
pub(super) struct World {
    pub(super) l2: Option<Arc<Store>>,
    pub(super) l3: Option<Arc<Store>>,
    pub(super) cache: Cache,
    pub(super) values: Region<str, u64>,
    pub(super) other: Region<str, u64>,
    pub(super) source: Source,
}

/// Answers how often it was asked, so each load's value is new.
#[derive(Debug, Clone, Default)]
pub(super) struct Source(Arc<State>);

#[derive(Debug, Default)]
struct State {
    loads: AtomicU64,
    failing: AtomicBool,
    held: AtomicBool,
    go: Notify,
}

/// What a cache is made with beside the options of its regions.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) memory: MemoryConfig,
    pub(super) budget: Option<LoadBudget>,
    pub(super) fleet: Option<Arc<dyn FleetBudget>>,
    /// What each value weighs.
    pub(super) weight: u32,
}

impl Default for Ground {
    fn default() -> Self {
        Self { memory: MemoryConfig::default(), budget: None, fleet: None, weight: 1 }
    }
}

impl World {
    pub(super) fn new(shape: Shape, options: RegionOptions) -> Self {
        Self::on(&Ground::default(), shape, options)
    }

    pub(super) fn on(ground: &Ground, shape: Shape, mut options: RegionOptions) -> Self {
        let l2 = matches!(shape, Shape::L1L2 | Shape::L1L2L3 | Shape::L2).then(Store::new);
        let l3 = matches!(shape, Shape::L1L3 | Shape::L1L2L3).then(Store::new);
        if shape == Shape::L2 {
            options.layers.read = options.layers.read.without(Layers::L1);
            options.layers.write = options.layers.write.without(Layers::L1);
        }
        let [cache, other] = [(); 2].map(|()| {
            let budget = Budget::new(ground.budget.clone(), ground.fleet.clone());
            node_loading(budget, ANSWERED, UNBOUNDED, l2.as_ref(), l3.as_ref(), &ground.memory)
        });
        let weight = ground.weight;
        let open =
            |cache: &Cache| cache.region_with_weigher("k", options.clone(), move |_: &u64| weight).unwrap();
        let (values, other) = (open(&cache), open(&other));
        Self { l2, l3, cache, values, other, source: Source::default() }
    }

    pub(super) async fn load(&self) -> Result<Hit<u64>, LoadError<&'static str>> {
        self.load_in(&self.values).await
    }

    pub(super) async fn load_in(
        &self,
        values: &Region<str, u64>,
    ) -> Result<Hit<u64>, LoadError<&'static str>> {
        let source = self.source.clone();
        values.get_or_load_hit("a", move |_| source.read()).await
    }

    /// Lets what runs behind callers run, without moving time.
    pub(super) async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.cache.flush().await;
    }

    /// What memory of this node forgets: as after a restart.
    pub(super) fn forget_memory(&self) {
        self.cache.inner.l1.clear();
    }
}

impl Source {
    pub(super) async fn read(self) -> Result<u64, &'static str> {
        let load = self.0.loads.fetch_add(1, Ordering::Relaxed) + 1;
        if self.0.held.load(Ordering::Relaxed) {
            self.0.go.notified().await;
        }
        if self.0.failing.load(Ordering::Relaxed) { Err("no database") } else { Ok(load) }
    }

    pub(super) async fn answer(self, loaded: Loaded<u64>) -> Result<Loaded<u64>, &'static str> {
        self.read().await.map(|_| loaded)
    }

    pub(super) fn loads(&self) -> u64 {
        self.0.loads.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self, failing: bool) {
        self.0.failing.store(failing, Ordering::Relaxed);
    }

    /// Loads begun from now on do not end before [`release`](Self::release).
    pub(super) fn hold(&self) {
        self.0.held.store(true, Ordering::Relaxed);
    }

    pub(super) fn release(&self) {
        self.0.held.store(false, Ordering::Relaxed);
        self.0.go.notify_waiters();
    }
}

pub(super) async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}
