use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::stamps::tag_hash;

/// What a loader may say about the value it is loading. Clones speak of the same load.
#[derive(Debug, Clone)]
pub struct LoadContext {
    key: Arc<str>,
    said: Arc<Mutex<Said>>,
}

#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) tags: Vec<u64>,
    pub(crate) ttl: Option<Duration>,
}

impl LoadContext {
    pub(crate) fn new(key: Arc<str>) -> Self {
        Self { key, said: Arc::default() }
    }

    /// The rendered key being loaded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Ties the value to a tag: `Cache::invalidate_tag` of the same text makes it dead.
    pub fn tag(&self, tag: impl AsRef<str>) {
        let hash = tag_hash(tag.as_ref());
        let mut said = self.said.lock();
        if !said.tags.contains(&hash) {
            said.tags.push(hash);
        }
    }

    /// Sets this value's time to live instead of the region's; zero returns the value without caching it.
    pub fn ttl(&self, ttl: Duration) {
        self.said.lock().ttl = Some(ttl);
    }

    pub(crate) fn take(&self) -> Said {
        std::mem::take(&mut *self.said.lock())
    }
}
