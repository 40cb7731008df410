use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::inner::Inner;
use crate::{Cache, CacheKey, Region};

/// What one call of a function will invalidate if it succeeds.
///
/// Once [`due`](Self::due), it happens however the call ends.
#[derive(Default)]
pub struct Invalidations {
    keys: Vec<(Arc<Inner>, Vec<Arc<str>>)>,
    tags: Vec<(Cache, String)>,
    patterns: Vec<(Cache, String)>,
    due: bool,
}

impl Invalidations {
    /// Adds a key, rendered now: what it is made of may be gone when it is due.
    pub fn key<K, V>(&mut self, region: &Region<K, V>, key: &K)
    where
        K: CacheKey + ?Sized,
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let key = region.rendered(key);
        match self.keys.iter_mut().find(|(inner, _)| Arc::ptr_eq(inner, &region.inner)) {
            Some((_, keys)) => keys.push(key),
            None => self.keys.push((region.inner.clone(), vec![key])),
        }
    }

    /// Adds a tag.
    pub fn tag(&mut self, cache: &Cache, tag: impl AsRef<str>) {
        self.tags.push((cache.clone(), tag.as_ref().to_owned()));
    }

    /// Adds a glob over keys.
    pub fn pattern(&mut self, cache: &Cache, pattern: impl AsRef<str>) {
        self.patterns.push((cache.clone(), pattern.as_ref().to_owned()));
    }

    /// The function has succeeded: from now on it happens, even if what is still to be added panics.
    pub fn due(&mut self) {
        self.due = true;
    }

    /// Invalidates all of it, at once.
    ///
    /// # Cancel safety
    /// From the first poll on it holds in this process. Dropped early, it goes on in a task.
    #[must_use]
    pub fn happen(mut self) -> UnderWay {
        self.due = false;
        UnderWay::of(std::mem::take(&mut self))
    }

    async fn all(mut self) {
        let keys = std::mem::take(&mut self.keys)
            .into_iter()
            .map(|(inner, keys)| async move { inner.invalidate_keys(keys, 0).await }.boxed());
        let tags = std::mem::take(&mut self.tags)
            .into_iter()
            .map(|(cache, tag)| async move { cache.invalidate_tag(&tag).await }.boxed());
        let patterns = std::mem::take(&mut self.patterns)
            .into_iter()
            .map(|(cache, pattern)| async move { cache.invalidate_pattern(&pattern).await }.boxed());
        join_all(keys.chain(tags).chain(patterns)).await;
    }
}

impl Drop for Invalidations {
    fn drop(&mut self) {
        if self.due {
            self.due = false;
            // A first poll makes it hold in this process; what is left goes on when `UnderWay` is dropped.
            let _ = UnderWay::of(std::mem::take(self)).now_or_never();
        }
    }
}

impl fmt::Debug for Invalidations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invalidations")
            .field("keys", &self.keys.iter().flat_map(|(_, keys)| keys).collect::<Vec<_>>())
            .field("tags", &self.tags)
            .field("patterns", &self.patterns)
            .field("due", &self.due)
            .finish()
    }
}

/// Invalidations that are being told to the layers. Dropped early, they go on in a task of the current runtime.
pub struct UnderWay(Option<BoxFuture<'static, ()>>);

impl UnderWay {
    fn of(all: Invalidations) -> Self {
        Self(Some(all.all().boxed()))
    }
}

impl Future for UnderWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(rest) = &mut self.0 else { return Poll::Ready(()) };
        let done = rest.as_mut().poll(cx);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Without a runtime `rest` is dropped: what was begun holds here and is owed to the layers, as when a caller of
        // `Region::invalidate` goes away.
        if let Some(rest) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(rest);
        }
    }
}

impl fmt::Debug for UnderWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderWay").field("done", &self.0.is_none()).finish()
    }
}
