use std::sync::atomic::Ordering;

use tokio::time::Instant;

use crate::region::RegionMeta;
use crate::trace;

/// Counts and times a load, and counts it failed if it ends in an error, a panic or a drop.
pub(super) struct FailedUnlessDone<'a> {
    cache: &'a str,
    region: &'a RegionMeta,
    began: Instant,
    done: bool,
}

impl<'a> FailedUnlessDone<'a> {
    pub(super) fn start(cache: &'a str, region: &'a RegionMeta) -> Self {
        let counters = &region.counters;
        counters.loads.add(1);
        counters.loads_running.fetch_add(1, Ordering::Relaxed);
        Self { cache, region, began: Instant::now(), done: false }
    }

    pub(super) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for FailedUnlessDone<'_> {
    fn drop(&mut self) {
        let (counters, took) = (&self.region.counters, self.began.elapsed());
        counters.loads_running.fetch_sub(1, Ordering::Relaxed);
        counters.load_clock.record(took);
        if !self.done {
            counters.load_failures.add(1);
        }
        trace::loaded(self.cache, self.region.name(), took, self.done);
    }
}
