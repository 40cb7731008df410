use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Now;
use crate::life::Life;
use crate::options::Layers;

/// A value as the memory layer keeps it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) value: Arc<dyn Any + Send + Sync>,
    pub(crate) region: u32,
    /// The namespace clock, read before the load of this value began.
    pub(crate) born: u64,
    /// The source's own version of it, 0 for none.
    pub(crate) version: u64,
    pub(crate) created_ms: u64,
    /// When every layer may forget it: the end of its life, or of what fail-safe may serve.
    pub(crate) expires_ms: u64,
    /// Until then it is served as it is and nothing is to be done about it.
    pub(crate) deadline: Instant,
    /// [`deadline`](Self::deadline) on the clock that a hit reads, 0 for what no plain hit is made of.
    pub(crate) plain_until: u64,
    /// What its region's weigher said; it counts where memory is bounded by weight.
    pub(crate) weight: u32,
    pub(crate) tags: Box<[u64]>,
    /// On the clock of this process: up to here it may be served by a node that has lost the keeper, for it was read from the
    /// source, or from the keeper, within the staleness bound.
    pub(crate) sure_until: u64,
    /// The stamp epoch this entry was last found alive in; 0 for never.
    pub(crate) checked: AtomicU64,
    /// What is to be done after `deadline`; without it the entry is dead then.
    pub(crate) life: Option<Box<Life>>,
}

/// Which of two entries of a key is the younger: by the namespace clock, and while that stood still, by the wall's.
pub(crate) type Moment = (u64, u64);

/// What stands in a value's place where it is known that there is none.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Entry {
    /// [`plain_until`](Self::plain_until()) of what is due at `deadline`; an absence makes no plain hit.
    pub(crate) fn plain_by(now: &Now, deadline: Instant, absent: bool) -> u64 {
        if absent { 0 } else { now.coarse(deadline) }
    }

    /// Until then a hit needs no more of the entry than its value, if no stamp came since.
    pub(crate) fn plain_until(&self) -> u64 {
        self.plain_until
    }

    pub(crate) fn value<V: Send + Sync + 'static>(&self) -> Option<Arc<V>> {
        self.value.clone().downcast().ok()
    }

    pub(crate) fn moment(&self) -> Moment {
        (self.born, self.created_ms)
    }

    pub(crate) fn is_absence(&self) -> bool {
        self.value.is::<Nothing>()
    }

    pub(crate) fn etag(&self) -> &str {
        self.life.as_ref().map_or("", |life| &life.etag)
    }

    /// One whose value is its weight, and which outlives the test.
    #[cfg(test)]
    pub(crate) fn lasting(region: u32, weight: u32) -> Arc<Self> {
        Arc::new(Self {
            value: Arc::new(weight),
            region,
            born: 1,
            created_ms: 0,
            expires_ms: u64::MAX,
            version: 0,
            deadline: Instant::now() + Duration::from_secs(86_400),
            plain_until: u64::MAX,
            sure_until: 0,
            life: None,
            weight,
            tags: Box::default(),
            checked: AtomicU64::new(0),
        })
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The memory of this process.
    L1,
    /// Redis.
    L2,
    /// The SQL layer.
    L3,
    /// The loader, run by this call or by the call this one waited for.
    Loader,
}

impl Source {
    pub(crate) fn layers(self) -> Layers {
        match self {
            Self::L1 => Layers::L1,
            Self::L2 => Layers::L2,
            Self::L3 => Layers::L3,
            Self::Loader => Layers::NONE,
        }
    }
}

/// A value with its provenance.
#[derive(Debug)]
#[non_exhaustive]
pub struct Hit<V> {
    /// The value, shared with the cache.
    pub value: Arc<V>,
    /// The layer that had it.
    pub source: Source,
    /// Time since it was loaded or set, on any node.
    pub age: Duration,
    /// Whether it is within its time.
    pub freshness: Freshness,
}

/// Whether a value is within its time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freshness {
    /// It is.
    Fresh,
    /// It is past it, and served all the same. It was not invalidated, as far as this node knows.
    Stale {
        /// What for.
        why: Why,
    },
}

impl Freshness {
    /// Whether it is past its time.
    #[must_use]
    pub fn is_stale(self) -> bool {
        matches!(self, Self::Stale { .. })
    }
}

/// Why a value past its time was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// It is past its soft time to live, and being loaded anew behind the reader.
    Refreshing,
    /// It is past its soft time to live, and the read was one that does not load.
    NotLoading,
    /// The load of a newer one failed, just now or within fail-safe's throttle.
    LoaderFailed,
    /// The load of a newer one took longer than the timeout, just now or within fail-safe's throttle.
    LoaderTimedOut,
    /// The load budget is used up.
    BudgetExhausted,
    /// This node has not heard of the others for longer than the staleness bound, and the load failed or took too long.
    Suspect,
}

/// What a read ends with.
#[derive(Debug)]
pub(crate) enum Answer<V> {
    Hit(Hit<V>),
    /// It is known that there is no value.
    Absent,
}

impl<V> Answer<V> {
    pub(crate) fn into_hit(self) -> Option<Hit<V>> {
        match self {
            Self::Hit(hit) => Some(hit),
            Self::Absent => None,
        }
    }
}
