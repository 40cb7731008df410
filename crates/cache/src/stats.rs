use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::codec::ForeignCounters;
use crate::counter::{Counter, Reads, Striped};
use crate::entry::{Freshness, Source};
use crate::layers::memory::Share;
use crate::layers::shared::Item;
use crate::load_times::{LoadClock, LoadTimes};

#[derive(Debug, Default)]
pub(crate) struct LayerCounters {
    /// Of a shared layer; those of memory are the regions'.
    pub(crate) reads: Reads,
    pub(crate) fills: Counter,
    pub(crate) refused: Counter,
    pub(crate) errors: Counter,
    pub(crate) evictions: Counter,
    pub(crate) written_bytes: Counter,
    pub(crate) undecodable: ForeignCounters,
}

impl LayerCounters {
    pub(crate) fn filled(&self, sent: u64, refused: u64) {
        self.fills.add(sent.saturating_sub(refused));
        self.refused.add(refused);
    }

    pub(crate) fn sent<'a>(&self, items: impl IntoIterator<Item = &'a Item>) {
        self.written_bytes.add(items.into_iter().map(|item| item.bytes.len() as u64).sum());
    }

    pub(crate) fn snapshot(&self) -> LayerStats {
        let reads = self.reads.get();
        LayerStats {
            hits: reads.hits,
            misses: reads.misses,
            fills: self.fills.get(),
            refused_fills: self.refused.get(),
            errors: self.errors.get(),
            undecodable: self.undecodable.total(),
            undecodable_by_reason: self.undecodable.by_reason(),
            evictions: self.evictions.get(),
            read_bytes: reads.bytes,
            written_bytes: self.written_bytes.get(),
            ..LayerStats::default()
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct RegionCounters {
    pub(crate) hits: Striped,
    pub(crate) misses: Counter,
    pub(crate) loads: Counter,
    pub(crate) load_failures: Counter,
    pub(crate) load_clock: LoadClock,
    pub(crate) loads_running: AtomicU64,
    pub(crate) l2: Shared,
    pub(crate) l3: Shared,
    pub(crate) refreshes: Counter,
    pub(crate) not_modified: Counter,
    pub(crate) stale: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) budget_exhausted: Counter,
}

/// What a region found in one shared layer, and brought there.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) reads: Reads,
    pub(crate) written_bytes: Counter,
}

impl RegionCounters {
    /// Of a shared layer; nothing else is asked for.
    pub(crate) fn of(&self, layer: Source) -> &Shared {
        if layer == Source::L2 { &self.l2 } else { &self.l3 }
    }

    pub(crate) fn served(&self, freshness: Freshness) {
        if freshness.is_stale() {
            self.stale.add(1);
        }
    }

    pub(crate) fn snapshot(&self, memory: Option<&Share>) -> RegionStats {
        let (l2, l3) = (self.l2.reads.get(), self.l3.reads.get());
        RegionStats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            loads: self.loads.get(),
            load_failures: self.load_failures.get(),
            load_times: self.load_clock.snapshot(),
            loads_running: self.loads_running.load(Ordering::Relaxed),
            l2_hits: l2.hits,
            l2_misses: l2.misses,
            l3_hits: l3.hits,
            l3_misses: l3.misses,
            evictions: memory.map_or(0, Share::evictions),
            weight: memory.map_or(0, Share::weight),
            l2_read_bytes: l2.bytes,
            l2_written_bytes: self.l2.written_bytes.get(),
            l3_read_bytes: l3.bytes,
            l3_written_bytes: self.l3.written_bytes.get(),
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
    /// Values that gave way to others because the layer was full: in memory to its bound, in SQL to the sweeper's.
    pub evictions: u64,
    /// Bytes of the entries that were read from it (shared layers only).
    pub read_bytes: u64,
    /// Bytes of the entries that were sent to it, those that it refused included (shared layers only).
    pub written_bytes: u64,
    /// Invalidations waiting for the layer to come back.
    pub owed_invalidations: u64,
    /// Invalidations that ever had to wait.
    pub queued_invalidations: u64,
    /// Whether commands are held back because the last one failed (shared layers only).
    pub resting: bool,
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
    /// How long loads took, those that failed included.
    pub load_times: LoadTimes,
    /// Loaders running now.
    pub loads_running: u64,
    /// Keys that Redis answered.
    pub l2_hits: u64,
    /// Keys that Redis was asked for in vain.
    pub l2_misses: u64,
    /// Keys that the SQL layer answered.
    pub l3_hits: u64,
    /// Keys that the SQL layer was asked for in vain.
    pub l3_misses: u64,
    /// Values that gave way to others in memory.
    pub evictions: u64,
    /// What its entries in memory weigh now, dead ones not yet reclaimed included; their number where memory is bounded by
    /// count.
    pub weight: u64,
    /// Bytes of the entries that its reads and loads found in Redis.
    pub l2_read_bytes: u64,
    /// Bytes of the entries that were handed to Redis, those that it refused or did not get included.
    pub l2_written_bytes: u64,
    /// Bytes of the entries that its reads and loads found in the SQL layer.
    pub l3_read_bytes: u64,
    /// Bytes of the entries that were handed to the SQL layer, those that it refused or did not get included.
    pub l3_written_bytes: u64,
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
    /// Loaders running now.
    pub loads_running: u64,
    /// The same by region.
    pub regions: BTreeMap<String, RegionStats>,
}
