use std::collections::HashSet;

use futures::future::BoxFuture;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{Checkpoint, Warmer};
use crate::key::{CacheKey, with_rendered};

/// A warmer whose types are out of the way.
pub(super) trait AnyWarmer: Send + Sync {
    fn name(&self) -> &str;
    fn plan(&self) -> BoxFuture<'_, Result<Box<dyn Plan<'_> + '_>, String>>;
}

/// What a warmer has planned and not begun, heaviest first.
pub(super) trait Plan<'w>: Send {
    /// Leaves out what is done already; answers how many that were.
    fn leave_out(&mut self, done: &Checkpoint) -> usize;
    fn len(&self) -> usize;
    fn heaviest(&self) -> Option<f64>;
    /// The next keys, as many as the warmer wants at once, or `most`.
    fn next(&mut self, most: usize) -> Option<Batch<'w>>;
}

/// Keys on their way to a warmer.
pub(super) struct Batch<'w> {
    /// By which a checkpoint knows them.
    pub(super) ids: Vec<u64>,
    pub(super) work: BoxFuture<'w, Result<usize, String>>,
}

struct Sorted<'w, W: Warmer> {
    warmer: &'w W,
    /// Lightest first: what is next is at the end.
    keys: Vec<Planned<W::Key>>,
}

struct Planned<K> {
    id: u64,
    weight: f64,
    key: K,
}

impl<W: Warmer> AnyWarmer for W {
    fn name(&self) -> &str {
        Warmer::name(self)
    }

    fn plan(&self) -> BoxFuture<'_, Result<Box<dyn Plan<'_> + '_>, String>> {
        Box::pin(async move {
            let keys = Warmer::plan(self).await.map_err(|error| error.to_string())?;
            let plan: Box<dyn Plan<'_> + '_> = Box::new(Sorted::new(self, keys));
            Ok(plan)
        })
    }
}

impl<'w, W: Warmer> Sorted<'w, W> {
    fn new(warmer: &'w W, keys: Vec<(W::Key, f64)>) -> Self {
        let name = xxh3_64(warmer.name().as_bytes());
        let mut keys: Vec<_> = keys
            .into_iter()
            .map(|(key, weight)| {
                let weight = if weight.is_nan() { f64::NEG_INFINITY } else { weight };
                Planned { id: id(name, &key), weight, key }
            })
            .collect();
        // Stable: among equals, as the warmer listed them. What is listed twice counts once, at its heaviest.
        keys.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let mut seen = HashSet::new();
        keys.retain(|planned| seen.insert(planned.id));
        keys.reverse();
        Self { warmer, keys }
    }
}

fn id<K: CacheKey>(name: u64, key: &K) -> u64 {
    with_rendered("", key, |text| xxh3_64_with_seed(text.as_bytes(), name))
}

impl<'w, W: Warmer> Plan<'w> for Sorted<'w, W> {
    fn leave_out(&mut self, done: &Checkpoint) -> usize {
        let before = self.keys.len();
        self.keys.retain(|planned| !done.has(planned.id));
        before - self.keys.len()
    }

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn heaviest(&self) -> Option<f64> {
        self.keys.last().map(|planned| planned.weight)
    }

    fn next(&mut self, most: usize) -> Option<Batch<'w>> {
        let most = self.warmer.batch_size().unwrap_or(most).max(1);
        let taken = self.keys.split_off(self.keys.len().saturating_sub(most));
        if taken.is_empty() {
            return None;
        }
        let (ids, keys): (Vec<u64>, Vec<W::Key>) =
            taken.into_iter().rev().map(|planned| (planned.id, planned.key)).unzip();
        let warmer: &'w W = self.warmer;
        let work = Box::pin(async move { warmer.warm(&keys).await.map_err(|error| error.to_string()) });
        Some(Batch { ids, work })
    }
}
