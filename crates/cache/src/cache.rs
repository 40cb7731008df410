use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::entry::Source;
use crate::error::{CacheError, ConfigError};
use crate::generation::Stripes;
use crate::invalidate::Delivery;
use crate::key::CacheKey;
use crate::layers::lower::Lower;
use crate::layers::memory::{GhostEstimate, L1};
#[cfg(feature = "redis")]
use crate::options::RedisConfig;
use crate::options::{MemoryConfig, RegionOptions};
use crate::region::{Region, RegionMeta};
use crate::stamps::{Stamps, Target};
use crate::stats::{CacheStats, LayerCounters, RegionStats};
use crate::trust::Trust;
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
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) name: Arc<str>,
    pub(crate) l1: Box<L1>,
    pub(crate) trust: Trust,
    pub(crate) l1_counters: LayerCounters,
    pub(crate) stripes: Stripes,
    pub(crate) clock: Arc<Clock>,
    pub(crate) stamps: Arc<Stamps>,
    /// The epoch last heard from the layer that keeps the shared clock; 0 before the first word.
    pub(crate) epoch: AtomicU64,
    /// Shared layers, nearest first.
    pub(crate) lower: Vec<Lower>,
    regions: Mutex<HashMap<String, Opened>>,
}

struct Opened {
    value: TypeId,
    meta: Arc<RegionMeta>,
}

impl Cache {
    /// Begins a cache; with nothing else said it is memory of 1,000 entries.
    #[must_use]
    pub fn builder(name: impl Into<String>) -> CacheBuilder {
        CacheBuilder {
            name: name.into(),
            memory: MemoryConfig::default(),
            #[cfg(feature = "redis")]
            redis: None,
            #[cfg(feature = "sqlite")]
            sqlite: None,
            #[cfg(feature = "postgres")]
            postgres: None,
        }
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
    /// [`max_weight`](MemoryConfig::max_weight); in bytes, unless all regions speak of something else. Asked once a value,
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
        regions.insert(name.to_owned(), Opened { value: TypeId::of::<V>(), meta: meta.clone() });
        Ok(Region::new(self.inner.clone(), meta))
    }

    /// Makes every entry dead whose rendered key matches the glob (`property:*`), wherever it lies, even while it is being
    /// loaded. Costs the same whatever it matches. `*` any run, `?` one character, `[a-z]` and `[^a-z]` classes, `\` quotes.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn invalidate_pattern(&self, pattern: &str) -> Delivery {
        let target = if pattern == "*" { Target::All } else { Target::Pattern(pattern.into()) };
        self.inner.invalidate_target(target).await
    }

    /// Makes every entry dead that was loaded with this tag, wherever it lies, even while it is being loaded. Costs the same
    /// whatever it matches.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn invalidate_tag(&self, tag: &str) -> Delivery {
        self.inner.invalidate_target(Target::Tag(tag.into())).await
    }

    /// Makes every entry dead and empties memory.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn clear(&self) -> Delivery {
        self.inner.invalidate_target(Target::All).await
    }

    /// Waits until what was handed to writers behind the callers is written, or was refused.
    pub async fn flush(&self) {
        for lower in &self.inner.lower {
            lower.flush().await;
        }
    }

    /// What half and twice the memory would give, if [`MemoryConfig::ghost`] is on. On Zipf streams it is within 3 points of
    /// hit rate over `QuickCache`, and up to 6 too low over `Moka`; [`GhostEstimate::same`] beside the real rate tells.
    pub fn ghost(&self) -> Option<GhostEstimate> {
        self.inner.l1.estimate()
    }

    /// What the cache did so far; the figures are read one by one, not at one instant.
    pub fn stats(&self) -> CacheStats {
        let mut stats = CacheStats { l1: self.inner.l1_counters.snapshot(), ..CacheStats::default() };
        stats.l1_entries = self.inner.l1.len();
        stats.l1_weight = self.inner.l1.weight();
        for (name, opened) in self.inner.regions.lock().iter() {
            let counters = &opened.meta.counters;
            let region = RegionStats {
                hits: counters.hits.get(),
                misses: counters.misses.get(),
                loads: counters.loads.get(),
                load_failures: counters.load_failures.get(),
            };
            stats.l1.hits += region.hits;
            stats.l1.misses += region.misses;
            stats.loads += region.loads;
            stats.load_failures += region.load_failures;
            stats.regions.insert(name.clone(), region);
        }
        for lower in &self.inner.lower {
            let mut layer = lower.counters.snapshot();
            layer.owed_invalidations = lower.backlog.len() as u64;
            layer.statements = lower.statements();
            match lower.source {
                Source::L2 => stats.l2 = Some(layer),
                _ => stats.l3 = Some(layer),
            }
        }
        stats
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.inner.name)
            .field("memory", &self.inner.l1)
            .field("shared", &self.inner.lower)
            .finish_non_exhaustive()
    }
}

/// What a cache is made of; see [`Cache::builder`].
#[derive(Debug)]
pub struct CacheBuilder {
    name: String,
    memory: MemoryConfig,
    #[cfg(feature = "redis")]
    redis: Option<RedisConfig>,
    #[cfg(feature = "sqlite")]
    sqlite: Option<PathBuf>,
    #[cfg(feature = "postgres")]
    postgres: Option<String>,
}

impl CacheBuilder {
    /// Sets the memory layer. Default 1,000 entries.
    #[must_use]
    pub fn memory(mut self, config: MemoryConfig) -> Self {
        self.memory = config;
        self
    }

    /// Adds Redis as the second layer. It need not be there when the cache is built.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn redis(mut self, config: RedisConfig) -> Self {
        self.redis = Some(config);
        self
    }

    /// Adds a SQLite file as the third layer, made if it is missing. For one process: a file that several nodes do not share
    /// does not hear of the others' invalidations.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.sqlite = Some(path.into());
        self
    }

    /// Adds PostgreSQL as the third layer; takes the place of SQLite if both are given.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres(mut self, url: impl Into<String>) -> Self {
        self.postgres = Some(url.into());
        self
    }

    /// Checks the configuration and opens the layers. Called within a tokio runtime.
    ///
    /// # Errors
    /// A value is out of range, Redis' URL is no URL, or the SQL layer cannot be opened.
    #[cfg_attr(
        not(any(feature = "redis", feature = "sqlite", feature = "postgres")),
        expect(clippy::unused_async, reason = "only shared layers are opened")
    )]
    pub async fn build(self) -> Result<Cache, CacheError> {
        let at_fault = |source| CacheError::Config { cache: self.name.clone(), source };
        if self.name.is_empty() {
            return Err(at_fault(ConfigError::new("name", "empty", "a text")));
        }
        self.memory.validate().map_err(at_fault)?;
        let clock = Arc::new(Clock::new());
        let stamps = Arc::new(Stamps::new(self.memory.stamps));
        #[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), expect(unused_mut))]
        let mut lower = Vec::new();
        #[cfg(feature = "redis")]
        if let Some(config) = &self.redis {
            config.validate().map_err(at_fault)?;
            lower.push(crate::layers::redis::open(&self.name, config, self.memory.stamps, &clock, &stamps)?);
        }
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        if let Some(sql) = self.open_sql(&clock, &stamps).await? {
            lower.push(sql);
        }
        Ok(Cache { inner: Inner::new(&self.name, &self.memory, clock, stamps, lower) })
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    async fn open_sql(&self, clock: &Arc<Clock>, stamps: &Arc<Stamps>) -> Result<Option<Lower>, CacheError> {
        use crate::layers::sql;
        #[cfg(feature = "postgres")]
        if let Some(url) = &self.postgres {
            return sql::open_postgres(&self.name, url, self.memory.stamps, clock, stamps).await.map(Some);
        }
        #[cfg(feature = "sqlite")]
        if let Some(path) = &self.sqlite {
            return sql::open_sqlite(&self.name, path, self.memory.stamps, clock, stamps).await.map(Some);
        }
        Ok(None)
    }
}

impl Inner {
    pub(crate) fn new(
        name: &str,
        memory: &MemoryConfig,
        clock: Arc<Clock>,
        stamps: Arc<Stamps>,
        lower: Vec<Lower>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            l1: Box::new(L1::new(memory)),
            trust: Trust::default(),
            l1_counters: LayerCounters::default(),
            stripes: Stripes::new(),
            clock,
            stamps,
            epoch: AtomicU64::new(0),
            lower,
            regions: Mutex::default(),
        })
    }
}

#[cfg(test)]
impl From<Arc<Inner>> for Cache {
    fn from(inner: Arc<Inner>) -> Self {
        Self { inner }
    }
}
