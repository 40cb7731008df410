mod loads;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::codec::Codec;
use crate::entry::{Answer, Hit, Source};
use crate::error::{CacheError, ConfigError};
use crate::explain::Explanation;
use crate::inner::Inner;
use crate::invalidate::Delivery;
use crate::key::{CacheKey, with_rendered};
use crate::options::RegionOptions;
use crate::stamps::{Target, tag_hash};
use crate::stats::{RegionCounters, RegionStats};
use crate::weigher::Weigher;

/// What a region is to the layers.
#[derive(Debug)]
pub(crate) struct RegionMeta {
    pub(crate) id: u32,
    pub(crate) prefix: String,
    /// Name and schema: bytes of another fingerprint are foreign.
    pub(crate) fingerprint: u64,
    pub(crate) codec: Codec,
    pub(crate) options: RegionOptions,
    pub(crate) tags: Box<[u64]>,
    /// Borne by entries whose key does not begin with the region's name, so that `clear` finds them.
    pub(crate) whole_tag: u64,
    pub(crate) counters: Arc<RegionCounters>,
    weigher: Weigher,
}

impl RegionMeta {
    pub(crate) fn new(id: u32, name: &str, options: RegionOptions, weigher: Weigher) -> Self {
        Self {
            id,
            prefix: format!("{name}:"),
            weigher,
            fingerprint: xxh3_64_with_seed(name.as_bytes(), u64::from(options.schema)),
            codec: Codec::new(&options.codec),
            tags: options.tags.iter().map(|tag| tag_hash(tag)).collect(),
            whole_tag: tag_hash(&whole_tag(&format!("{name}:"))),
            options,
            counters: Arc::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.prefix.strip_suffix(':').unwrap_or(&self.prefix)
    }

    pub(crate) fn weigh(&self, value: &dyn Any) -> u32 {
        self.weigher.weigh(value)
    }

    fn with(&self, options: RegionOptions) -> Self {
        Self {
            id: self.id,
            prefix: self.prefix.clone(),
            fingerprint: self.fingerprint,
            codec: Codec::new(&options.codec),
            tags: options.tags.iter().map(|tag| tag_hash(tag)).collect(),
            whole_tag: self.whole_tag,
            weigher: self.weigher.clone(),
            options,
            counters: self.counters.clone(),
        }
    }
}

/// No tag of a user's: theirs hold no control characters that they did not put there to be found.
fn whole_tag(prefix: &str) -> String {
    format!("\u{1}region {prefix}")
}

/// A typed view of a cache: keys `K`, values `Arc<V>`. Clones are the same region.
///
/// A hit in memory looks the key up and clones an `Arc`: it allocates and serialises nothing. A number, or a text that
/// renders as it stands, is looked up as it is; any other key is rendered into a buffer of the thread.
pub struct Region<K: ?Sized, V> {
    pub(crate) inner: Arc<Inner>,
    meta: Arc<RegionMeta>,
    types: PhantomData<fn(&K) -> V>,
}

impl<K, V> Region<K, V>
where
    K: CacheKey + ?Sized,
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    pub(crate) fn new(inner: Arc<Inner>, meta: Arc<RegionMeta>) -> Self {
        Self { inner, meta, types: PhantomData }
    }

    /// What holds for this view.
    pub fn options(&self) -> &RegionOptions {
        &self.meta.options
    }

    /// The same region seen with other options, which are made of this view's: entries, counters and loads under way are
    /// shared. Made once and kept, it costs a call nothing.
    ///
    /// ```
    /// # use mainstay_cache::{Cache, RegionOptions};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::builder("houses").build().await?;
    /// let houses = cache.region::<u64, String>("property", RegionOptions::default())?;
    /// let briefly = houses.with(|options| options.ttl(Duration::from_secs(5)))?;
    /// briefly.set(&1, "auctioned today".to_owned()).await?;
    /// assert!(houses.get_cached(&1).is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// An option is out of range, or the schema is another: values of two schemas are of two regions.
    pub fn with(&self, change: impl FnOnce(RegionOptions) -> RegionOptions) -> Result<Self, CacheError> {
        let options = change(self.meta.options.clone());
        let at_fault = |source| CacheError::Config { cache: self.inner.name.to_string(), source };
        options.validate().map_err(at_fault)?;
        if options.schema != self.meta.options.schema {
            return Err(at_fault(ConfigError::new("schema", options.schema, "the region's own")));
        }
        Ok(Self::new(self.inner.clone(), Arc::new(self.meta.with(options))))
    }

    /// Looks in memory only, and serves what [`get`](Self::get) would.
    pub fn get_cached(&self, key: &K) -> Option<Arc<V>> {
        let value = self.inner.glance(&self.meta, key).or_else(|| {
            let answer = self.inner.remembered_late(&self.meta, &self.rendered_if_held(key)?, true);
            answer.and_then(Answer::into_hit).map(|hit| hit.value)
        });
        let counters = &self.meta.counters;
        if value.is_some() {
            counters.hits.add(1);
        } else {
            counters.misses.add(1);
        }
        value
    }

    /// Looks in memory only, as a bystander: whatever is there and was not invalidated, past its time or not, without a
    /// count, and without keeping alive what slides.
    pub fn peek(&self, key: &K) -> Option<Hit<V>> {
        let recalled = with_rendered(&self.meta.prefix, key, |key| self.inner.examine(&self.meta, key))?;
        let freshness = recalled.freshness();
        self.inner.answer(&recalled.entry, Source::L1, freshness).and_then(Answer::into_hit)
    }

    /// Counts as a read of a value that slides: in memory at once, in the shared layers behind the caller. Answers whether
    /// memory has the value.
    pub fn touch(&self, key: &K) -> bool {
        let key = self.rendered(key);
        let Some(recalled) = self.inner.examine(&self.meta, &key) else { return false };
        recalled.entry.touch(tokio::time::Instant::now());
        self.inner.prolong(&self.meta, &key, &recalled.entry, true);
        true
    }

    /// Looks in every layer; what a shared layer has is kept in memory for what is left of its life. A value past its soft
    /// time to live is served, one past its hard one only if fail-safe says so.
    ///
    /// # Cancel safety
    /// Dropped early, nothing is left behind.
    pub async fn get(&self, key: &K) -> Option<Arc<V>> {
        self.get_hit(key).await.map(|hit| hit.value)
    }

    /// [`get`](Self::get) with the value's provenance.
    pub async fn get_hit(&self, key: &K) -> Option<Hit<V>> {
        let key = self.rendered(key);
        self.inner.read_many(&self.meta, std::slice::from_ref(&key)).await.pop().flatten()
    }

    /// Looks up many keys with one round trip a layer; answers in their order.
    ///
    /// # Cancel safety
    /// Dropped early, nothing is left behind.
    pub async fn get_many<'k>(&self, keys: impl IntoIterator<Item = &'k K>) -> Vec<Option<Arc<V>>>
    where
        K: 'k,
    {
        let keys: Vec<Arc<str>> = keys.into_iter().map(|key| self.rendered(key)).collect();
        let hits = self.inner.read_many(&self.meta, &keys).await;
        hits.into_iter().map(|hit| hit.map(|hit| hit.value)).collect()
    }

    /// Writes a value that is true from now on, to every layer; loads that are under way keep nothing.
    ///
    /// # Errors
    /// The value does not serialise and there is a shared layer; the key is invalidated then.
    ///
    /// # Cancel safety
    /// Dropped early, the old value is invalidated here and owed to the shared layers; the new one may or may not be kept.
    pub async fn set(&self, key: &K, value: V) -> Result<Delivery, CacheError> {
        let key = self.rendered(key);
        self.inner.write_many(&self.meta, vec![(key, value)], 0).await
    }

    /// [`set`](Self::set) of a value that is this version of its source, above 0: whatever the order in which writes
    /// arrive, an older version takes no newer one's place, and no load that saw an older one is kept.
    ///
    /// # Errors
    /// As [`set`](Self::set), and [`CacheError::Outdated`] if a newer version is known; nothing was written then.
    ///
    /// # Cancel safety
    /// As [`set`](Self::set).
    pub async fn set_versioned(&self, key: &K, value: V, version: u64) -> Result<Delivery, CacheError> {
        let key = self.rendered(key);
        self.inner.write_many(&self.meta, vec![(key, value)], version).await
    }

    /// [`set`](Self::set) for many, with one round trip a layer: what a warmer uses.
    ///
    /// # Errors
    /// A value does not serialise and there is a shared layer; all the keys are invalidated then.
    pub async fn set_many<'k>(
        &self,
        items: impl IntoIterator<Item = (&'k K, V)>,
    ) -> Result<Delivery, CacheError>
    where
        K: 'k,
    {
        let items = items.into_iter().map(|(key, value)| (self.rendered(key), value)).collect();
        self.inner.write_many(&self.meta, items, 0).await
    }

    /// Makes the entry dead in every layer, and void what is being loaded for it. Once it returned, this process never again
    /// answers with a value whose load began before it was called, whatever it returned.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn invalidate(&self, key: &K) -> Delivery {
        self.inner.invalidate_keys(vec![self.rendered(key)], 0).await
    }

    /// [`invalidate`](Self::invalidate), by the name a map has for it.
    ///
    /// # Cancel safety
    /// As [`invalidate`](Self::invalidate).
    pub async fn remove(&self, key: &K) -> Delivery {
        self.invalidate(key).await
    }

    /// [`invalidate`](Self::invalidate), after which the source has at least this version: a load that sees less, from a
    /// replica that lags, is kept nowhere.
    ///
    /// # Cancel safety
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_version(&self, key: &K, version: u64) -> Delivery {
        self.inner.invalidate_keys(vec![self.rendered(key)], version).await
    }

    /// [`invalidate`](Self::invalidate) for many, with one command a layer.
    ///
    /// # Cancel safety
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_many<'k>(&self, keys: impl IntoIterator<Item = &'k K>) -> Delivery
    where
        K: 'k,
    {
        let keys: Vec<Arc<str>> = keys.into_iter().map(|key| self.rendered(key)).collect();
        if keys.is_empty() { Delivery::Applied } else { self.inner.invalidate_keys(keys, 0).await }
    }

    /// Makes every entry of the region dead whose key, without the region's name, matches the glob. Complete keys
    /// ([`Key`](crate::Key)) have no region's name: see [`Cache::invalidate_pattern`](crate::Cache::invalidate_pattern).
    ///
    /// # Cancel safety
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_pattern(&self, pattern: &str) -> Delivery {
        let pattern = format!("{}{pattern}", self.meta.prefix);
        self.inner.invalidate_stamp(Target::Pattern(pattern.into())).await
    }

    /// Makes every entry of the region dead, wherever it lies, even while it is being loaded.
    ///
    /// # Cancel safety
    /// Dropped early, some entries may be left.
    pub async fn clear(&self) -> Delivery {
        let named = self.invalidate_pattern("*").await;
        let whole = Target::Tag(whole_tag(&self.meta.prefix).into());
        named.and(self.inner.invalidate_stamp(whole).await)
    }

    /// What the region did so far, through all views of it.
    pub fn stats(&self) -> RegionStats {
        self.inner.region_stats(&self.meta)
    }

    /// Why a read of this key hits, misses or is refused, layer by layer. Asks the shared layers, changes nothing, counts
    /// nothing.
    ///
    /// # Cancel safety
    /// Dropped early, nothing is left behind.
    pub async fn explain(&self, key: &K) -> Explanation {
        self.inner.explain::<V>(&self.meta, &self.rendered(key)).await
    }

    /// The key, if memory has anything for it: a plain miss renders no key of its own.
    fn rendered_if_held(&self, key: &K) -> Option<Arc<str>> {
        with_rendered(&self.meta.prefix, key, |text| {
            self.inner.examine(&self.meta, text).map(|_| Arc::from(text))
        })
    }

    pub(crate) fn rendered(&self, key: &K) -> Arc<str> {
        with_rendered(&self.meta.prefix, key, |text| Arc::from(text))
    }
}

impl<K: ?Sized, V> Clone for Region<K, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), meta: self.meta.clone(), types: PhantomData }
    }
}

impl<K: ?Sized, V> fmt::Debug for Region<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("prefix", &self.meta.prefix).finish_non_exhaustive()
    }
}
