use metrics::{Counter, Gauge, Histogram, Label, counter, gauge, histogram};

use super::catalogue::{
    BUDGET, HITS, LOAD_FAILURES, LOAD_SECONDS, LOADS, MISSES, NOT_MODIFIED, REFRESHES, REGION_EVICTIONS,
    REGION_READ, REGION_WEIGHT, REGION_WRITTEN, RUNNING, STALE, TIMEOUTS,
};
use crate::load_times::LoadTimes;
use crate::stats::{CacheStats, RegionStats};

/// One region's figures.
pub(super) struct RegionHandles {
    /// Hits and misses of the layers there are: memory, Redis, SQL.
    layers: [Option<[Counter; 2]>; 3],
    /// Bytes read from and handed to the shared layers there are.
    bytes: [Option<[Counter; 2]>; 2],
    evictions: Counter,
    weight: Gauge,
    loads: Counter,
    load_failures: Counter,
    load_seconds: Histogram,
    running: Gauge,
    refreshes: Counter,
    not_modified: Counter,
    stale: Counter,
    timeouts: Counter,
    budget: Counter,
    /// The load times told already.
    told: LoadTimes,
}

impl RegionHandles {
    pub(super) fn new(cache: &str, region: &str, stats: &CacheStats) -> Self {
        let (cache, region) =
            (Label::new("cache", cache.to_owned()), Label::new("region", region.to_owned()));
        let labels = vec![cache.clone(), region.clone()];
        let count = |name: &'static str| counter!(name, labels.clone());
        let two = |[one, other]: [&'static str; 2], layer: &'static str| {
            let labels = vec![cache.clone(), Label::from_static_parts("layer", layer), region.clone()];
            [counter!(one, labels.clone()), counter!(other, labels)]
        };
        let layer = |layer| two([HITS, MISSES], layer);
        let bytes = |layer| two([REGION_READ, REGION_WRITTEN], layer);
        Self {
            layers: [
                Some(layer("l1")),
                stats.l2.is_some().then(|| layer("l2")),
                stats.l3.is_some().then(|| layer("l3")),
            ],
            bytes: [stats.l2.is_some().then(|| bytes("l2")), stats.l3.is_some().then(|| bytes("l3"))],
            evictions: count(REGION_EVICTIONS),
            weight: gauge!(REGION_WEIGHT, labels.clone()),
            loads: count(LOADS),
            load_failures: count(LOAD_FAILURES),
            load_seconds: histogram!(LOAD_SECONDS, labels.clone()),
            running: gauge!(RUNNING, labels.clone()),
            refreshes: count(REFRESHES),
            not_modified: count(NOT_MODIFIED),
            stale: count(STALE),
            timeouts: count(TIMEOUTS),
            budget: count(BUDGET),
            told: LoadTimes::default(),
        }
    }

    pub(super) fn show(&mut self, stats: &RegionStats) {
        let found =
            [[stats.hits, stats.misses], [stats.l2_hits, stats.l2_misses], [stats.l3_hits, stats.l3_misses]];
        for (handles, figures) in self.layers.iter().zip(found) {
            for (handle, figure) in handles.iter().flatten().zip(figures) {
                handle.absolute(figure);
            }
        }
        let bytes =
            [[stats.l2_read_bytes, stats.l2_written_bytes], [stats.l3_read_bytes, stats.l3_written_bytes]];
        for (handles, figures) in self.bytes.iter().zip(bytes) {
            for (handle, figure) in handles.iter().flatten().zip(figures) {
                handle.absolute(figure);
            }
        }
        self.evictions.absolute(stats.evictions);
        self.weight.set(stats.weight as f64);
        self.loads.absolute(stats.loads);
        self.load_failures.absolute(stats.load_failures);
        self.running.set(stats.loads_running as f64);
        self.refreshes.absolute(stats.refreshes);
        self.not_modified.absolute(stats.not_modified);
        self.stale.absolute(stats.stale);
        self.timeouts.absolute(stats.timeouts);
        self.budget.absolute(stats.budget_exhausted);
        for (took, count) in stats.load_times.since(&self.told) {
            self.load_seconds.record_many(took.as_secs_f64(), usize::try_from(count).unwrap_or(usize::MAX));
        }
        self.told.clone_from(&stats.load_times);
    }
}
