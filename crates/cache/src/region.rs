use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::cache::Inner;
use crate::entry::{Hit, Source};
use crate::error::{CacheError, LoadError};
use crate::invalidate::Delivery;
use crate::key::{CacheKey, with_rendered};
use crate::load::LoadContext;
use crate::options::RegionOptions;
use crate::stats::RegionCounters;
use crate::weigher::Weigher;

/// What a region is to the layers.
#[derive(Debug)]
pub(crate) struct RegionMeta {
    pub(crate) id: u32,
    pub(crate) prefix: String,
    /// Name and schema: bytes of another fingerprint are foreign.
    pub(crate) fingerprint: u64,
    pub(crate) options: RegionOptions,
    pub(crate) counters: RegionCounters,
    weigher: Weigher,
}

impl RegionMeta {
    pub(crate) fn new(id: u32, name: &str, options: RegionOptions, weigher: Weigher) -> Self {
        Self {
            id,
            prefix: format!("{name}:"),
            weigher,
            fingerprint: xxh3_64_with_seed(name.as_bytes(), u64::from(options.schema)),
            options,
            counters: RegionCounters::default(),
        }
    }

    pub(crate) fn weigh(&self, value: &dyn Any) -> u32 {
        self.weigher.weigh(value)
    }
}

/// A typed view of a cache: keys `K`, values `Arc<V>`. Clones are the same region.
///
/// A hit in memory looks the key up and clones an `Arc`: it allocates and serialises nothing. A number, or a text that
/// renders as it stands, is looked up as it is; any other key is rendered into a buffer of the thread.
pub struct Region<K: ?Sized, V> {
    inner: Arc<Inner>,
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

    /// Looks in memory only.
    pub fn get_cached(&self, key: &K) -> Option<Arc<V>> {
        let value = self.inner.glance(&self.meta, key);
        let counters = &self.meta.counters;
        if value.is_some() {
            counters.hits.add(1);
        } else {
            counters.misses.add(1);
        }
        value
    }

    /// Looks in every layer; what a shared layer has is kept in memory for what is left of its life.
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

    /// Looks in every layer, else loads: in this process one load a key runs at a time, and who comes while it runs gets its
    /// value. The loader runs in the caller's own future.
    ///
    /// # Errors
    /// This call's own loader failed. Whoever waited for it is not told, but loads for itself, one after the other.
    ///
    /// # Cancel safety
    /// Dropped while leading (or if the loader panics), the next waiting call takes over with its own loader.
    pub async fn get_or_load<F, Fut, E>(&self, key: &K, loader: F) -> Result<Arc<V>, LoadError<E>>
    where
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        if let Some(value) = self.inner.glance(&self.meta, key) {
            self.meta.counters.hits.add(1);
            return Ok(value);
        }
        let key = self.rendered(key);
        self.inner.read_or_load(&self.meta, &key, loader).await.map(|hit| hit.value)
    }

    /// [`get_or_load`](Self::get_or_load) with the value's provenance.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_hit<F, Fut, E>(&self, key: &K, loader: F) -> Result<Hit<V>, LoadError<E>>
    where
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        let cached = with_rendered(&self.meta.prefix, key, |key| self.inner.ask(&self.meta, key));
        if let Some(hit) = cached.and_then(|entry| self.inner.hit(&entry, Source::L1)) {
            self.meta.counters.hits.add(1);
            return Ok(hit);
        }
        let key = self.rendered(key);
        self.inner.read_or_load(&self.meta, &key, loader).await
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
        self.inner.write_many(&self.meta, vec![(key, value)]).await
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
        self.inner.write_many(&self.meta, items).await
    }

    /// Makes the entry dead in every layer, and void what is being loaded for it. Once it returned, this process never again
    /// answers with a value whose load began before it was called, whatever it returned.
    ///
    /// # Cancel safety
    /// Dropped early it still holds in this process, and is owed to the shared layers.
    pub async fn invalidate(&self, key: &K) -> Delivery {
        self.inner.invalidate_keys(vec![self.rendered(key)]).await
    }

    fn rendered(&self, key: &K) -> Arc<str> {
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
