use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "redis")]
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auditor::Inspector;
use crate::builder::CacheBuilder;
use crate::error::{CacheError, ConfigError};
#[cfg(feature = "redis")]
use crate::fleet::{FleetLock, FleetRate, FleetRateConfig};
use crate::inner::{Inner, Opened};
use crate::invalidate::Delivery;
use crate::key::{CacheKey, Key};
use crate::layers::lower::Lower;
use crate::layers::memory::GhostEstimate;
#[cfg(feature = "redis")]
use crate::layers::redis::Servers;
use crate::options::RegionOptions;
use crate::region::{Region, RegionMeta};
use crate::stamps::Target;
use crate::standing::Coherence;
use crate::stats::CacheStats;
use crate::weigher::Weigher;

/// The layers and what keeps them coherent. Clones are the same cache.
///
/// ```
/// use mainstay_cache::{Cache, RegionOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder("service").build().await?;
/// let suburbs = cache.region::<str, u32>("suburb", RegionOptions::default())?;
/// let median = suburbs
///     .get_or_load("manly", |cx| async move {
///         cx.tag("state:nsw");
///         Ok::<_, std::io::Error>(3_900_000)
///     })
///     .await?;
/// assert_eq!(*median, 3_900_000);
/// cache.invalidate_tag("state:nsw").await;
/// assert!(suburbs.get_cached("manly").is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cache {
    pub(crate) inner: Arc<Inner>,
}

impl Cache {
    /// Begins a cache; with nothing else said it is memory of 1,000 entries.
    #[must_use]
    pub fn builder(name: impl Into<String>) -> CacheBuilder {
        CacheBuilder::new(name.into())
    }

    /// The cache's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// A typed view under a name, which is also what its keys begin with: the key `12` of region `property` is
    /// `property:12`. Asking again with the same definition gives the same region.
    ///
    /// # Errors
    /// The name is empty or holds a blank or a glob's character, an option is out of range, or the name is open already
    /// with another definition.
    pub fn region<K, V>(&self, name: &str, options: RegionOptions) -> Result<Region<K, V>, CacheError>
    where
        K: CacheKey + ?Sized,
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.open(name, options, Weigher::by_size::<V>())
    }

    /// [`region`](Self::region) with what each of its values weighs, which counts where memory has a
    /// [`max_weight`](crate::MemoryConfig::max_weight); in bytes, unless all regions speak of something else. Asked once a value,
    /// when it is loaded, set or read from a shared layer; 0 counts as 1. The first opening's weigher stays.
    ///
    /// ```
    /// use mainstay_cache::{Cache, MemoryConfig, RegionOptions};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let memory = MemoryConfig::default().max_weight(64 << 20);
    /// let cache = Cache::builder("service").memory(memory).build().await?;
    /// let pages = cache.region_with_weigher::<str, Vec<u8>>(
    ///     "page",
    ///     RegionOptions::default(),
    ///     |page| u32::try_from(page.len()).unwrap_or(u32::MAX),
    /// )?;
    /// pages.set("home", vec![0; 10_000]).await?;
    /// assert_eq!(cache.stats().l1_weight, 10_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`region`](Self::region).
    pub fn region_with_weigher<K, V>(
        &self,
        name: &str,
        options: RegionOptions,
        weigher: impl Fn(&V) -> u32 + Send + Sync + 'static,
    ) -> Result<Region<K, V>, CacheError>
    where
        K: CacheKey + ?Sized,
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.open(name, options, Weigher::new(weigher))
    }

    fn open<K, V>(
        &self,
        name: &str,
        options: RegionOptions,
        weigher: Weigher,
    ) -> Result<Region<K, V>, CacheError>
    where
        K: CacheKey + ?Sized,
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let at_fault = |source| CacheError::Config { cache: self.inner.name.to_string(), source };
        options.validate().map_err(at_fault)?;
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || "*?[]\\%{}".contains(c)) {
            let allowed = "a text without blanks and without any of * ? [ ] \\ % { }";
            return Err(at_fault(ConfigError::new("region", format!("{name:?}"), allowed)));
        }
        let mut regions = self.inner.regions.lock();
        if let Some(opened) = regions.get(name) {
            if opened.value != TypeId::of::<V>() || opened.meta.options != options {
                return Err(CacheError::RegionConflict {
                    cache: self.inner.name.to_string(),
                    region: name.to_owned(),
                });
            }
            return Ok(Region::new(self.inner.clone(), opened.meta.clone()));
        }
        let id = self.inner.l1.region(&format!("{name}:"));
        let meta = Arc::new(RegionMeta::new(id, name, options, weigher));
        regions.insert(
            name.to_owned(),
            Opened { value: TypeId::of::<V>(), meta: meta.clone(), inspector: Inspector::of::<V>() },
        );
        Ok(Region::new(self.inner.clone(), meta))
    }

    /// [`region`](Self::region) with options made of the cache's defaults.
    ///
    /// # Errors
    /// As [`region`](Self::region).
    pub fn region_with<K, V>(
        &self,
        name: &str,
        change: impl FnOnce(RegionOptions) -> RegionOptions,
    ) -> Result<Region<K, V>, CacheError>
    where
        K: CacheKey + ?Sized,
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.region(name, change(self.inner.defaults.clone()))
    }

    /// What regions are made of where they say nothing else; see [`CacheBuilder::defaults`].
    pub fn defaults(&self) -> &RegionOptions {
        &self.inner.defaults
    }

    /// Makes every entry dead whose rendered key matches the glob (`property:*`), wherever it lies, even while it is being
    /// loaded. Costs the same whatever it matches. `*` any run, `?` one character, `[a-z]` and `[^a-z]` classes, `\` quotes.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn invalidate_pattern(&self, pattern: &str) -> Delivery {
        let target = if pattern == "*" { Target::All } else { Target::Pattern(pattern.into()) };
        self.inner.invalidate_stamp(target).await
    }

    /// Makes every entry dead that was loaded with this tag, wherever it lies, even while it is being loaded. Costs the same
    /// whatever it matches.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn invalidate_tag(&self, tag: &str) -> Delivery {
        self.inner.invalidate_stamp(Target::Tag(tag.into())).await
    }

    /// Makes the entries of these complete keys dead, of whatever regions, with one command a layer; what
    /// [`Region::invalidate`] does for one.
    ///
    /// # Cancel safety
    /// Once polled it holds in this process, and is owed to the shared layers, also if it is dropped then.
    pub async fn invalidate_keys(&self, keys: impl IntoIterator<Item = Key>) -> Delivery {
        self.inner.invalidate_keys(keys.into_iter().map(|key| key.as_str().into()).collect(), 0).await
    }

    /// Makes every entry dead and empties memory.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn clear(&self) -> Delivery {
        self.inner.invalidate_stamp(Target::All).await
    }

    /// Waits until what was handed to writers behind the callers is written, or was refused.
    pub async fn flush(&self) {
        if let Some(l3) = &self.inner.l3 {
            l3.flush().await;
        }
    }

    /// A rate that all nodes of this cache share under that name.
    ///
    /// # Errors
    /// There is no Redis layer, or a value is out of range.
    #[cfg(feature = "redis")]
    pub fn fleet_rate(&self, name: &str, config: &FleetRateConfig) -> Result<FleetRate, CacheError> {
        let redis = self.redis_for(name)?;
        FleetRate::new(redis, name, config)
            .map_err(|source| CacheError::Config { cache: self.inner.name.to_string(), source })
    }

    /// A lock that one node of this cache holds at a time, under that name and for `ttl` a grant (10 ms to 24 h).
    ///
    /// # Errors
    /// There is no Redis layer, or `ttl` is out of range.
    #[cfg(feature = "redis")]
    pub fn fleet_lock(&self, name: &str, ttl: Duration) -> Result<FleetLock, CacheError> {
        let redis = self.redis_for(name)?;
        FleetLock::new(redis, name, ttl)
            .map_err(|source| CacheError::Config { cache: self.inner.name.to_string(), source })
    }

    #[cfg(feature = "redis")]
    fn redis_for(&self, name: &str) -> Result<Servers, CacheError> {
        self.inner.redis.clone().ok_or_else(|| CacheError::Redis {
            cache: self.inner.name.to_string(),
            reason: format!("`{name}` needs a Redis layer: add one with `CacheBuilder::redis`"),
        })
    }

    /// Where this node stands with Redis.
    pub fn coherence(&self) -> Coherence {
        let (standing, l2) = (&self.inner.standing, &self.inner.l2);
        Coherence {
            connected: standing.fence().is_some(),
            suspect: l2.is_some() && standing.is_suspect(),
            owed_invalidations: l2.as_ref().map_or(0, |l2| l2.backlog.len() as u64),
            suspicions: standing.suspicions(),
            suspect_time: standing.suspect_time(),
            applied_invalidations: standing.applied.get(),
        }
    }

    /// What half and twice the memory would give, if [`MemoryConfig::ghost`](crate::MemoryConfig::ghost) is on. On Zipf streams it is within 3 points of
    /// hit rate over `QuickCache`, and up to 6 too low over `Moka`; [`GhostEstimate::same`] beside the real rate tells.
    pub fn ghost(&self) -> Option<GhostEstimate> {
        self.inner.l1.estimate()
    }

    /// What the cache did so far; the figures are read one by one, not at one instant.
    pub fn stats(&self) -> CacheStats {
        let mut stats = CacheStats { l1: self.inner.l1_counters.snapshot(), ..CacheStats::default() };
        stats.l1.evictions = self.inner.l1.evictions();
        stats.l1_entries = self.inner.l1.len();
        stats.l1_weight = self.inner.l1.weight();
        for (name, opened) in self.inner.regions.lock().iter() {
            let region = self.inner.region_stats(&opened.meta);
            stats.l1.hits += region.hits;
            stats.l1.misses += region.misses;
            stats.loads += region.loads;
            stats.load_failures += region.load_failures;
            stats.loads_running += region.loads_running;
            stats.regions.insert(name.clone(), region);
        }
        stats.l2 = self.inner.l2.as_ref().map(|l2| l2.stats());
        stats.l3 = self.inner.l3.as_ref().map(Lower::stats);
        stats
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.inner.name)
            .field("memory", &self.inner.l1)
            .field("l2", &self.inner.l2)
            .field("l3", &self.inner.l3)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl From<Arc<Inner>> for Cache {
    fn from(inner: Arc<Inner>) -> Self {
        Self { inner }
    }
}
