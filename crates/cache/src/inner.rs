use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::auditor::Inspector;
use crate::backplane::listen;
use crate::budget::Budget;
use crate::clock::Clock;
use crate::generation::Stripes;
use crate::layers::l2::L2;
use crate::layers::lower::Lower;
use crate::layers::memory::L1;
#[cfg(feature = "redis")]
use crate::layers::redis::Servers;
use crate::options::{MemoryConfig, RegionOptions};
use crate::region::RegionMeta;
use crate::stamps::Stamps;
use crate::standing::Standing;
use crate::stats::{LayerCounters, RegionStats};

/// What all handles of a cache share.
pub(crate) struct Inner {
    pub(crate) name: Arc<str>,
    /// Tells this node's announcements from those of others.
    pub(crate) node: u64,
    pub(crate) l1: Box<L1>,
    pub(crate) l1_counters: LayerCounters,
    pub(crate) stripes: Stripes,
    pub(crate) clock: Arc<Clock>,
    pub(crate) stamps: Arc<Stamps>,
    pub(crate) standing: Arc<Standing>,
    /// The keeper's connection, for what a fleet shares beside values.
    #[cfg(feature = "redis")]
    pub(crate) redis: Option<Servers>,
    /// The keeper, if there is one.
    pub(crate) l2: Option<Arc<L2>>,
    /// The durable layer, if there is one.
    pub(crate) l3: Option<Lower>,
    pub(crate) budget: Budget,
    pub(crate) defaults: RegionOptions,
    pub(crate) regions: Mutex<HashMap<String, Opened>>,
}

pub(crate) struct Opened {
    pub(crate) value: TypeId,
    pub(crate) meta: Arc<RegionMeta>,
    pub(crate) inspector: Inspector,
}

/// What a cache is put together from.
pub(crate) struct Parts {
    pub(crate) node: u64,
    pub(crate) clock: Arc<Clock>,
    pub(crate) stamps: Arc<Stamps>,
    pub(crate) standing: Arc<Standing>,
    #[cfg(feature = "redis")]
    pub(crate) redis: Option<Servers>,
    pub(crate) l2: Option<Arc<L2>>,
    pub(crate) l3: Option<Lower>,
    pub(crate) budget: Budget,
    pub(crate) defaults: RegionOptions,
}

impl Inner {
    pub(crate) fn new(name: &str, memory: &MemoryConfig, parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            node: parts.node,
            l1: Box::new(L1::new(memory)),
            l1_counters: LayerCounters::default(),
            stripes: Stripes::new(),
            clock: parts.clock,
            stamps: parts.stamps,
            standing: parts.standing,
            #[cfg(feature = "redis")]
            redis: parts.redis,
            l2: parts.l2,
            l3: parts.l3,
            budget: parts.budget,
            defaults: parts.defaults,
            regions: Mutex::default(),
        })
    }

    /// Listens to the keeper, if there is one, for as long as the cache lives. The receiver turns true with the first word,
    /// or the first failure.
    pub(crate) fn start_listening(self: &Arc<Self>) -> watch::Receiver<bool> {
        let (introduced, first_word) = watch::channel(self.l2.is_none());
        if self.l2.is_some() {
            let cache: Weak<Self> = Arc::downgrade(self);
            tokio::spawn(listen(cache, introduced));
        }
        first_word
    }

    pub(crate) fn region_stats(&self, region: &RegionMeta) -> RegionStats {
        region.counters.snapshot(self.l1.share(region.id).as_deref())
    }

    /// Whether there is anything below memory.
    pub(crate) fn is_layered(&self) -> bool {
        self.l2.is_some() || self.l3.is_some()
    }
}
