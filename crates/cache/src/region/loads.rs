use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Region;
use crate::entry::{Answer, Hit};
use crate::error::LoadError;
use crate::key::{CacheKey, with_rendered};
use crate::lead::{Begin, Missing, Voyage};
use crate::load::{LoadContext, Loaded};

impl<K, V> Region<K, V>
where
    K: CacheKey + ?Sized,
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    /// Looks in every layer, else loads: in this process one load a key runs at a time, and who comes while it runs gets its
    /// value.
    ///
    /// The loader runs in the caller's own future. It owns what it needs, so that it can go on behind: when the caller is
    /// served an old value, times out, or is dropped. [`get_or_load_borrowed`](Self::get_or_load_borrowed) is for loaders
    /// that cannot. It answers a `V`, or whatever else is [`Into<Loaded<V>>`](Loaded).
    ///
    /// # Errors
    /// This call's own loader failed and there is no old value that fail-safe allows; who waited for it is not told, but
    /// loads for itself, one after the other. Or there is no value, it took too long, or the load budget is used up: see
    /// [`LoadError`].
    ///
    /// # Cancel safety
    /// Dropped while leading, the load goes on behind and lands for those who wait; with
    /// [`LoadTimeouts::background`](crate::LoadTimeouts::background) off, and if the loader panics, the next waiting call
    /// takes over with its own loader.
    pub async fn get_or_load<L, F, Fut, E>(&self, key: &K, loader: F) -> Result<Arc<V>, LoadError<E>>
    where
        L: Into<Loaded<V>> + Send + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
        E: Send + 'static,
    {
        if let Some(value) = self.plain(key) {
            return Ok(value);
        }
        self.present(key, self.load(key, loader).await?).map(|hit| hit.value)
    }

    /// [`get_or_load`](Self::get_or_load) with the value's provenance.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Cancel safety
    /// As [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_hit<L, F, Fut, E>(&self, key: &K, loader: F) -> Result<Hit<V>, LoadError<E>>
    where
        L: Into<Loaded<V>> + Send + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
        E: Send + 'static,
    {
        if let Some(answer) = self.plain_hit(key) {
            return self.present(key, answer);
        }
        self.present(key, self.load(key, loader).await?)
    }

    /// [`get_or_load`](Self::get_or_load) of what may not exist: the loader answers an `Option<V>`, and an absence is
    /// remembered for the region's `negative_ttl`.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load), but for an absence.
    ///
    /// # Cancel safety
    /// As [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_optional<L, F, Fut, E>(
        &self,
        key: &K,
        loader: F,
    ) -> Result<Option<Arc<V>>, LoadError<E>>
    where
        L: Into<Loaded<V>> + Send + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
        E: Send + 'static,
    {
        if let Some(value) = self.plain(key) {
            return Ok(Some(value));
        }
        Ok(self.load(key, loader).await?.into_hit().map(|hit| hit.value))
    }

    /// [`get_or_load`](Self::get_or_load) for a loader that borrows, or is not `Send`: it ends with the caller's future.
    ///
    /// Nothing goes on behind: a value past its soft time to live is loaded anew by the first call that finds it so, which
    /// waits, while the others are served the old one; there is no eager refresh.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Cancel safety
    /// Dropped while leading (or if the loader panics), the next waiting call takes over with its own loader.
    pub async fn get_or_load_borrowed<L, F, Fut, E>(&self, key: &K, loader: F) -> Result<Arc<V>, LoadError<E>>
    where
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        if let Some(value) = self.plain(key) {
            return Ok(value);
        }
        self.present(key, self.load_borrowed(key, loader).await?).map(|hit| hit.value)
    }

    /// [`get_or_load_borrowed`](Self::get_or_load_borrowed) with the value's provenance.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Cancel safety
    /// As [`get_or_load_borrowed`](Self::get_or_load_borrowed).
    pub async fn get_or_load_hit_borrowed<L, F, Fut, E>(
        &self,
        key: &K,
        loader: F,
    ) -> Result<Hit<V>, LoadError<E>>
    where
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        if let Some(answer) = self.plain_hit(key) {
            return self.present(key, answer);
        }
        self.present(key, self.load_borrowed(key, loader).await?)
    }

    /// Many keys with one round trip a layer and one batch of what is missing, answered in their order.
    ///
    /// `batch` is handed the keys that no layer has and nobody loads already, and answers one `Option<V>` (or whatever else
    /// is [`Into<Loaded<V>>`](Loaded)) a key, in their order. Keys that others load are waited for; if their loads fail,
    /// `batch` is called again for those. It may borrow, so nothing goes on behind; a key past its soft time to live is in
    /// the batch. Timeouts are those of the whole call: past the soft one, it is answered once there is an old value for each
    /// key that is still on its way.
    ///
    /// # Errors
    /// The batch failed and one of its keys has no old value that fail-safe allows; or as
    /// [`get_or_load`](Self::get_or_load), or [`LoadError::BatchLength`].
    ///
    /// # Cancel safety
    /// Dropped early, what was answered already is kept, and for the rest the next waiting calls take over.
    pub async fn get_many_or_load<'k, L, F, Fut, E>(
        &self,
        keys: impl IntoIterator<Item = &'k K>,
        mut batch: F,
    ) -> Result<Vec<Option<Arc<V>>>, LoadError<E>>
    where
        K: 'k,
        L: Into<Loaded<V>>,
        F: FnMut(Vec<Missing<'k, K>>) -> Fut,
        Fut: Future<Output = Result<Vec<L>, E>>,
    {
        let asked: Vec<&'k K> = keys.into_iter().collect();
        let keys: Vec<Arc<str>> = asked.iter().map(|key| self.rendered(key)).collect();
        let load = |missing: Vec<(usize, LoadContext)>| {
            batch(missing.into_iter().map(|(at, cx)| Missing { key: asked[at], cx }).collect())
        };
        let hits = self.inner.read_or_load_many(&self.meta, &keys, load).await?;
        Ok(hits.into_iter().map(|hit| hit.map(|hit| hit.value)).collect())
    }

    /// A plain hit: no allocation.
    fn plain(&self, key: &K) -> Option<Arc<V>> {
        let value = self.inner.glance(&self.meta, key)?;
        self.meta.counters.hits.add(1);
        Some(value)
    }

    fn plain_hit(&self, key: &K) -> Option<Answer<V>> {
        let answer = with_rendered(&self.meta.prefix, key, |key| self.inner.ask(&self.meta, key))?;
        self.meta.counters.hits.add(1);
        Some(answer)
    }

    async fn load<L, F, Fut, E>(&self, key: &K, loader: F) -> Result<Answer<V>, LoadError<E>>
    where
        L: Into<Loaded<V>> + Send + 'static,
        F: FnOnce(LoadContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
        E: Send + 'static,
    {
        let key = self.rendered(key);
        let begin = self.inner.begin(&self.meta, &key);
        let voyage = Voyage::new(&self.inner, &self.meta, key.clone());
        match begin {
            Begin::Answer(answer) => Ok(self.served(&key, answer)),
            Begin::Refresh(entry, answer) => {
                voyage.refresh(entry, loader);
                Ok(self.served(&key, answer))
            }
            Begin::Load => {
                self.meta.counters.misses.add(1);
                voyage.owned(loader).await
            }
        }
    }

    async fn load_borrowed<L, F, Fut, E>(&self, key: &K, loader: F) -> Result<Answer<V>, LoadError<E>>
    where
        L: Into<Loaded<V>>,
        F: FnOnce(LoadContext) -> Fut,
        Fut: Future<Output = Result<L, E>>,
    {
        let key = self.rendered(key);
        let begin = self.inner.begin(&self.meta, &key);
        let voyage = Voyage::new(&self.inner, &self.meta, key.clone());
        match begin {
            Begin::Answer(answer) => Ok(self.served(&key, answer)),
            Begin::Refresh(entry, answer) => {
                let due = matches!(&answer, Answer::Hit(hit) if !hit.freshness.is_stale());
                if due {
                    entry.release_refresh();
                    return Ok(self.served(&key, answer));
                }
                self.meta.counters.misses.add(1);
                voyage.refresh_borrowed(entry, loader).await
            }
            Begin::Load => {
                self.meta.counters.misses.add(1);
                voyage.borrowed(loader).await
            }
        }
    }

    fn served(&self, key: &Arc<str>, answer: Answer<V>) -> Answer<V> {
        self.meta.counters.hits.add(1);
        self.inner.prolong_recalled(&self.meta, key);
        answer
    }

    fn present<E>(&self, key: &K, answer: Answer<V>) -> Result<Hit<V>, LoadError<E>> {
        answer.into_hit().ok_or_else(|| LoadError::Absent { key: self.rendered(key).to_string() })
    }
}
