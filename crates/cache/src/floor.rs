use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Floors a stripe remembers. What it forgets, the keeper still knows; so this matters only while the keeper is away and a
/// loader reads from a replica that lags.
const KEPT: usize = 64;

/// The least versions of the source that are true, by key: what an invalidation with a version leaves behind, so that no
/// load from a lagging replica is kept.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    least: HashMap<Arc<str>, u64, foldhash::fast::RandomState>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Floors {
    pub(crate) fn raise(&mut self, key: &Arc<str>, version: u64) {
        if let Some(least) = self.least.get_mut(key) {
            *least = version.max(*least);
            return;
        }
        self.least.insert(key.clone(), version);
        self.oldest_first.push_back(key.clone());
        if self.oldest_first.len() > KEPT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.least.remove(&oldest);
        }
    }

    /// The least version of the key that is true, 0 if nothing is known.
    pub(crate) fn least(&self, key: &str) -> u64 {
        self.least.get(key).copied().unwrap_or(0)
    }

    pub(crate) fn admit(&self, key: &str, version: u64) -> bool {
        version >= self.least(key)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Floors, KEPT};

    #[test]
    fn a_floor_only_rises_and_the_oldest_gives_way() {
        let mut floors = Floors::default();
        let first: Arc<str> = "k0".into();
        floors.raise(&first, 7);
        floors.raise(&first, 5);
        assert!(!floors.admit("k0", 6) && floors.admit("k0", 7) && floors.admit("k1", 0));
        (1..=KEPT).for_each(|n| floors.raise(&format!("k{n}").into(), 1));
        assert_eq!((floors.least("k0"), floors.least("k1")), (0, 1));
    }
}
