use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};

use super::audit::AuditHandles;
use super::catalogue::{APPLIED, ENTRIES, SUSPECT, SUSPECT_SECONDS, SUSPICIONS, WEIGHT, describe};
use super::layer::LayerHandles;
use super::region::RegionHandles;
use crate::auditor::Auditor;
use crate::cache::Cache;
use crate::inner::Inner;
use crate::standing::Coherence;

/// Tells a cache's figures to the [`metrics`] facade, whenever it is asked to: reads and loads pay nothing for it.
///
/// One a cache: what loads took since the last telling is told once. Install the recorder first: handles are made here, and
/// with a region's first telling. All names and labels are in `docs/metrics.md`.
///
/// ```
/// use mainstay_cache::Cache;
/// use mainstay_cache::telemetry::Metrics;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder("houses").build().await?;
/// tokio::spawn(Metrics::new(&cache).run(Duration::from_secs(10)));
/// # Ok(())
/// # }
/// ```
pub struct Metrics {
    cache: Weak<Inner>,
    name: Arc<str>,
    layers: [Option<LayerHandles>; 3],
    regions: HashMap<String, RegionHandles>,
    entries: Gauge,
    weight: Gauge,
    coherence: Option<CoherenceHandles>,
    audits: Option<AuditHandles>,
}

/// Where the node stands with Redis.
struct CoherenceHandles {
    suspect: Gauge,
    suspicions: Counter,
    suspect_seconds: Gauge,
    applied: Counter,
}

impl Metrics {
    /// For this cache, which it does not keep alive.
    pub fn new(cache: &Cache) -> Self {
        describe();
        let (inner, name) = (&cache.inner, cache.name());
        let gauge = |what: &'static str| gauge!(what, "cache" => name.to_owned());
        Self {
            cache: Arc::downgrade(inner),
            name: inner.name.clone(),
            layers: [
                Some(LayerHandles::new(name, "l1")),
                inner.l2.is_some().then(|| LayerHandles::new(name, "l2")),
                inner.l3.is_some().then(|| LayerHandles::new(name, "l3")),
            ],
            regions: HashMap::new(),
            entries: gauge(ENTRIES),
            weight: gauge(WEIGHT),
            coherence: inner.l2.is_some().then(|| CoherenceHandles::new(name)),
            audits: None,
        }
    }

    /// Tells what this auditor of the cache finds as well; of several, the sum. Once it is dropped, what it found by then.
    #[must_use]
    pub fn auditor(mut self, auditor: &Auditor) -> Self {
        self.audits.get_or_insert_with(|| AuditHandles::new(&self.name)).add(auditor);
        self
    }

    /// Tells all figures as they are now; answers whether the cache still lives.
    pub fn record(&mut self) -> bool {
        let Some(cache) = self.cache.upgrade().map(|inner| Cache { inner }) else { return false };
        let stats = cache.stats();
        let layers = [Some(&stats.l1), stats.l2.as_ref(), stats.l3.as_ref()];
        for (handles, layer) in self.layers.iter_mut().zip(layers) {
            if let (Some(handles), Some(layer)) = (handles, layer) {
                handles.show(layer);
            }
        }
        self.entries.set(stats.l1_entries as f64);
        self.weight.set(stats.l1_weight as f64);
        if let Some(handles) = &self.coherence {
            handles.show(&cache.coherence());
        }
        if let Some(audits) = &self.audits {
            audits.show();
        }
        for (name, region) in &stats.regions {
            if !self.regions.contains_key(name) {
                self.regions.insert(name.clone(), RegionHandles::new(&self.name, name, &stats));
            }
            if let Some(handles) = self.regions.get_mut(name) {
                handles.show(region);
            }
        }
        true
    }

    /// Tells them in this interval until the cache is gone.
    ///
    /// # Cancel safety
    /// Dropped early, nothing is left behind.
    pub async fn run(mut self, every: Duration) {
        while self.record() {
            tokio::time::sleep(every).await;
        }
    }
}

impl CoherenceHandles {
    fn new(cache: &str) -> Self {
        Self {
            suspect: gauge!(SUSPECT, "cache" => cache.to_owned()),
            suspicions: counter!(SUSPICIONS, "cache" => cache.to_owned()),
            suspect_seconds: gauge!(SUSPECT_SECONDS, "cache" => cache.to_owned()),
            applied: counter!(APPLIED, "cache" => cache.to_owned()),
        }
    }

    fn show(&self, coherence: &Coherence) {
        self.suspect.set(f64::from(u8::from(coherence.suspect)));
        self.suspicions.absolute(coherence.suspicions);
        self.suspect_seconds.set(coherence.suspect_time.as_secs_f64());
        self.applied.absolute(coherence.applied_invalidations);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("cache", &self.name).finish_non_exhaustive()
    }
}
