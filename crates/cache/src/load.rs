use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::entry::Entry;
use crate::stamps::tag_hash;
use crate::ttl::Ttl;

/// What a loader may ask, and say, about the value it is loading. Clones speak of the same load.
#[derive(Debug, Clone)]
pub struct LoadContext {
    key: Arc<str>,
    stale: Option<Arc<Entry>>,
    least_version: u64,
    said: Arc<Mutex<Said>>,
}

#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) tags: Vec<u64>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) version: u64,
    pub(crate) etag: Box<str>,
}

/// What a loader answers. A plain `V` becomes [`Value`](Self::Value) by itself, an `Option<V>` value or absence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loaded<V> {
    /// The value.
    Value(V),
    /// There is no value. It is remembered for the region's `negative_ttl`.
    Absent,
    /// The old value ([`LoadContext::stale`]) still holds: it begins a new life, with its tags, version and etag unless the
    /// loader says others.
    NotModified,
}

impl<V> From<V> for Loaded<V> {
    fn from(value: V) -> Self {
        Self::Value(value)
    }
}

impl<V> From<Option<V>> for Loaded<V> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

impl LoadContext {
    pub(crate) fn new(key: Arc<str>, stale: Option<Arc<Entry>>, least_version: u64) -> Self {
        Self { key, stale, least_version, said: Arc::default() }
    }

    /// The rendered key being loaded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value this load is to replace, if one is still there: past its time, or about to be.
    pub fn stale<V: Any + Send + Sync>(&self) -> Option<Arc<V>> {
        self.stale.as_ref().and_then(|entry| entry.value())
    }

    /// The etag of the value this load is to replace: ask the source `If-None-Match`, and answer
    /// [`Loaded::NotModified`] if it does not.
    pub fn stale_etag(&self) -> Option<&str> {
        self.stale.as_ref().map(|entry| entry.etag()).filter(|etag| !etag.is_empty())
    }

    /// The least version of the source that is true: whoever sees less has read a replica that lags, and should ask the
    /// primary. 0 where none is known.
    pub fn least_version(&self) -> u64 {
        self.least_version
    }

    /// Ties the value to a tag: `Cache::invalidate_tag` of the same text makes it dead.
    pub fn tag(&self, tag: impl AsRef<str>) {
        let hash = tag_hash(tag.as_ref());
        let mut said = self.said.lock();
        if !said.tags.contains(&hash) {
            said.tags.push(hash);
        }
    }

    /// Sets this value's time to live instead of the region's: a `Duration`, or what a [`Ttl`] says now. Zero returns the value
    /// without caching it.
    pub fn ttl(&self, ttl: impl Into<Ttl>) {
        self.said.lock().ttl = Some(ttl.into().ttl());
    }

    /// Says which version of the source the value is, above 0: an older one never takes its place.
    pub fn version(&self, version: u64) {
        self.said.lock().version = version;
    }

    /// Keeps an etag with the value, for the next load's [`stale_etag`](Self::stale_etag). At most 255 bytes; a longer one is
    /// not kept.
    pub fn etag(&self, etag: impl Into<Box<str>>) {
        let etag = etag.into();
        if etag.len() <= 255 {
            self.said.lock().etag = etag;
        }
    }

    pub(crate) fn stale_entry(&self) -> Option<&Entry> {
        self.stale.as_deref()
    }

    pub(crate) fn take(&self) -> Said {
        std::mem::take(&mut *self.said.lock())
    }
}
