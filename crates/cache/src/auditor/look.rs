use std::sync::Arc;

use super::finding::{Audited, Incoherence, Side};
use super::inspector::{Inspector, is_in_time};
use super::source::Source;
use crate::entry::Entry;
use crate::inner::Inner;
use crate::layers::shared::LayerError;
use crate::region::RegionMeta;

/// An entry as all sides have it at one moment: memory looked at last at the first look, and last at the second.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) key: Arc<str>,
    region: Arc<RegionMeta>,
    inspector: Inspector,
    /// What memory serves.
    memory: Option<Arc<Entry>>,
    /// What Redis holds that is alive.
    redis: Option<Entry>,
    pub(super) source: Option<u64>,
}

impl Look {
    pub(super) fn new(
        key: Arc<str>,
        region: Arc<RegionMeta>,
        inspector: Inspector,
        memory: Arc<Entry>,
    ) -> Self {
        Self { key, region, inspector, memory: Some(memory), redis: None, source: None }
    }

    /// The same key to be looked at once more.
    pub(super) fn again(&self) -> Self {
        Self {
            key: self.key.clone(),
            region: self.region.clone(),
            inspector: self.inspector,
            memory: None,
            redis: None,
            source: None,
        }
    }

    pub(super) fn of(&self) -> Audited {
        let region = self.region.prefix.trim_end_matches(':').to_owned();
        Audited { region, key: self.key.to_string() }
    }

    pub(super) fn sides(&self) -> (Option<Side>, Option<Side>) {
        (self.memory.as_deref().map(Side::from), self.redis.as_ref().map(Side::from))
    }

    /// Takes what memory serves now, if it is what it served then.
    pub(super) fn see_memory(&mut self, cache: &Inner, then: &Self) {
        self.memory = cache.held(&self.region, &self.key).filter(|entry| {
            let same = then.memory.as_ref().is_some_and(|then| Arc::ptr_eq(then, entry));
            same && is_served(cache, &self.region, &self.key, entry)
        });
    }

    /// The source's version once more, which counts only if it says at least what it said then: a row that was deleted and
    /// made anew begins from below.
    pub(super) fn see_source(&mut self, then: &Self) {
        self.source = self.source.zip(then.source).map(|(now, then)| now.min(then));
    }

    /// What is wrong with what was seen. Versions decide where both sides have one; else the younger by the namespace clock,
    /// if it says something else: a clock that stood still says that nothing was invalidated in between.
    pub(super) fn wrongs(&self) -> Vec<Incoherence> {
        let mut wrongs = Vec::new();
        if let (Some(memory), Some(redis)) = (&self.memory, &self.redis) {
            let older = match (memory.version, redis.version) {
                (0, _) | (_, 0) => memory.born < redis.born && !(self.inspector.say_the_same)(memory, redis),
                (memory, redis) => memory < redis,
            };
            if older {
                wrongs.push(Incoherence::MemoryOlderThanRedis);
            }
        }
        let behind = |version: u64| version != 0 && self.source.is_some_and(|source| version < source);
        if self.redis.as_ref().is_some_and(|redis| behind(redis.version)) {
            wrongs.push(Incoherence::RedisOlderThanSource);
        }
        if self.memory.as_ref().is_some_and(|memory| behind(memory.version)) {
            wrongs.push(Incoherence::MemoryOlderThanSource);
        }
        wrongs
    }
}

/// Whether a read would be answered with it, and not as with something old.
pub(super) fn is_served(cache: &Inner, region: &RegionMeta, key: &str, entry: &Entry) -> bool {
    entry.region == region.id && is_in_time(entry) && cache.believes(entry, key) && cache.is_trusted(entry)
}

/// Asks Redis for all of them in one go, then the source one by one.
pub(super) async fn see_below(
    cache: &Inner,
    looks: &mut [Look],
    source: Option<&Source>,
) -> Result<(), LayerError> {
    if let Some(l2) = &cache.l2 {
        let keys: Vec<Arc<str>> = looks.iter().map(|look| look.key.clone()).collect();
        let (read, _) = l2.read(&keys).await?;
        for (look, bytes) in looks.iter_mut().zip(read.bytes) {
            let reads = look.region.options.layers.reads(crate::entry::Source::L2);
            look.redis = bytes
                .filter(|_| reads)
                .and_then(|bytes| (look.inspector.open)(cache, &look.region, &look.key, &bytes));
        }
    }
    let Some(source) = source else { return Ok(()) };
    for look in looks {
        let versioned = |entry: &Entry| entry.version != 0;
        if look.memory.as_deref().is_some_and(versioned) || look.redis.as_ref().is_some_and(versioned) {
            look.source = source.version(look.of()).await;
        }
    }
    Ok(())
}
