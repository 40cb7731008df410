use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use crate::codec::ForeignCounters;
use crate::entry::Freshness;

/// A figure that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A figure that only grows and that every hit writes: in stripes, so that threads do not pass one cache line around.
#[derive(Debug, Default)]
pub(crate) struct Striped([CachePadded<AtomicU64>; STRIPES]);

const STRIPES: usize = 16;

thread_local! {
    static STRIPE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES
    };
}

impl Striped {
    pub(crate) fn add(&self, by: u64) {
        self.0[STRIPE.with(|own| *own)].fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.iter().map(|stripe| stripe.load(Ordering::Relaxed)).sum()
    }
}

#[derive(Debug, Default)]
pub(crate) struct LayerCounters {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) fills: Counter,
    pub(crate) refused: Counter,
    pub(crate) errors: Counter,
    pub(crate) undecodable: ForeignCounters,
}

impl LayerCounters {
    pub(crate) fn filled(&self, sent: u64, refused: u64) {
        self.fills.add(sent.saturating_sub(refused));
        self.refused.add(refused);
    }

    pub(crate) fn snapshot(&self) -> LayerStats {
        LayerStats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            fills: self.fills.get(),
            refused_fills: self.refused.get(),
            errors: self.errors.get(),
            undecodable: self.undecodable.total(),
            undecodable_by_reason: self.undecodable.by_reason(),
            owed_invalidations: 0,
            statements: 0,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct RegionCounters {
    pub(crate) hits: Striped,
    pub(crate) misses: Counter,
    pub(crate) loads: Counter,
    pub(crate) load_failures: Counter,
    pub(crate) refreshes: Counter,
    pub(crate) not_modified: Counter,
    pub(crate) stale: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) budget_exhausted: Counter,
}

impl RegionCounters {
    pub(crate) fn served(&self, freshness: Freshness) {
        if freshness.is_stale() {
            self.stale.add(1);
        }
    }

    pub(crate) fn snapshot(&self) -> RegionStats {
        RegionStats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            loads: self.loads.get(),
            load_failures: self.load_failures.get(),
            refreshes: self.refreshes.get(),
            not_modified: self.not_modified.get(),
            stale: self.stale.get(),
            timeouts: self.timeouts.get(),
            budget_exhausted: self.budget_exhausted.get(),
        }
    }
}

/// What one layer did since the cache was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerStats {
    /// Reads answered by this layer.
    pub hits: u64,
    /// Reads this layer had nothing alive for.
    pub misses: u64,
    /// Values kept, loaded or set.
    pub fills: u64,
    /// Values not kept: overtaken by an invalidation, or no room behind the callers.
    pub refused_fills: u64,
    /// Commands that failed, timed out or were not sent because the layer was resting.
    pub errors: u64,
    /// Stored bytes that were corrupt, forged, or of another format, schema, region or key; each also a miss.
    pub undecodable: u64,
    /// The same by reason, for reasons that occurred: `checksum`, `fingerprint`, `decrypt`, `unknown_key`, ….
    pub undecodable_by_reason: BTreeMap<&'static str, u64>,
    /// Invalidations waiting for the layer to come back.
    pub owed_invalidations: u64,
    /// SQL statements sent (L3 only).
    pub statements: u64,
}

/// What one region did since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegionStats {
    /// Reads answered from memory.
    pub hits: u64,
    /// Reads that memory could not answer.
    pub misses: u64,
    /// Loaders started.
    pub loads: u64,
    /// Loaders that failed, panicked or were dropped.
    pub load_failures: u64,
    /// Loads begun behind the readers of a value that was still served.
    pub refreshes: u64,
    /// Loads that found the old value still true.
    pub not_modified: u64,
    /// Reads served a value past its time, by soft time to live or fail-safe.
    pub stale: u64,
    /// Reads that did not wait for their load to end.
    pub timeouts: u64,
    /// Loads not begun because the budget was used up.
    pub budget_exhausted: u64,
}

/// What a cache did since it was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Memory.
    pub l1: LayerStats,
    /// Entries in memory now, dead ones not yet reclaimed included.
    pub l1_entries: u64,
    /// What they weigh; their number where memory is bounded by count.
    pub l1_weight: u64,
    /// Redis, if there is one.
    pub l2: Option<LayerStats>,
    /// SQL, if there is one.
    pub l3: Option<LayerStats>,
    /// Loaders started.
    pub loads: u64,
    /// Loaders that failed, panicked or were dropped.
    pub load_failures: u64,
    /// The same by region.
    pub regions: BTreeMap<String, RegionStats>,
}
