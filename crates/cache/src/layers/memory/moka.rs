use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use super::sample::reservoir;
use super::share::Shares;
use super::store::{Hashing, Store, Weigh};
use super::store_key::{Lookup, StoreKey};
use crate::entry::Entry;
use crate::options::MemoryConfig;

/// `moka`'s sync cache as a plain map: W-TinyLFU, no time to live of its own, and never its `get_with`, which keeps a value
/// that was invalidated while its init ran, nor its entry interface, whose answers say less than they seem to
/// (moka-rs/moka#217, #545, #574, #593; `MystenLabs/sui#20236`).
///
/// It takes an entry in first and asks its policy in a later maintenance, by default after 64 writes, whatever came
/// meanwhile. So the bound is kept here: room is reserved before an entry is put in, and given back by the listener, which
/// hears of every entry that leaves, once. It costs a write moka's lock for the key, and a hit nothing.
#[derive(Debug)]
pub(super) struct Moka {
    pub(super) map: Cache<StoreKey, Arc<Entry>, Hashing>,
    pub(super) weigh: Weigh,
    bound: u64,
    /// The most that is reserved, but by one entry that alone is more than what lies between the two.
    ceiling: u64,
    /// The weight of all that is in the map, or is about to be.
    reserved: Arc<AtomicU64>,
    shares: Arc<Shares>,
}

/// What part of the bound may wait for maintenance: a window of admission.
pub(super) const UNSETTLED_SHARE: u64 = 64;

/// Maintenance makes room unless others have reserved it all and are about to put in what they have: rare enough to do
/// without the entry then.
const ATTEMPTS: u32 = 8;

impl Moka {
    pub(super) fn new(config: &MemoryConfig, shares: Arc<Shares>) -> Self {
        let count = u64::try_from(config.capacity).unwrap_or(u64::MAX);
        let bound = config.max_weight.unwrap_or(count);
        let weigh = Weigh::by(config);
        let reserved = Arc::<AtomicU64>::default();
        let left = {
            let (reserved, shares) = (reserved.clone(), shares.clone());
            move |entry: &Entry, evicted: bool| {
                let weight = u64::from(weigh.of(entry));
                reserved.fetch_sub(weight, Ordering::Relaxed);
                if evicted {
                    shares.evicted(entry.region, weight);
                } else {
                    shares.left(entry.region, weight);
                }
            }
        };
        let mut map = Cache::builder().max_capacity(bound);
        if weigh == Weigh::Weight {
            map = map.weigher(move |_, entry: &Arc<Entry>| weigh.of(entry));
        }
        let map = map.eviction_listener(move |_, entry, cause| left(&entry, cause.was_evicted()));
        Self {
            map: map.build_with_hasher(Hashing::default()),
            weigh,
            bound,
            ceiling: bound.saturating_add(bound / UNSETTLED_SHARE),
            reserved,
            shares,
        }
    }

    /// Reserves that much, after maintenance if there is no room without.
    fn reserve(&self, weight: u64) -> bool {
        let fits = |reserved: u64| {
            // Whatever fits at all can come where nothing waits, however heavy it is.
            let room = reserved <= self.bound || reserved.saturating_add(weight) <= self.ceiling;
            room.then(|| reserved.saturating_add(weight))
        };
        weight <= self.bound
            && (0..ATTEMPTS).any(|_| {
                let reserved = self.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
                if !reserved {
                    self.map.run_pending_tasks();
                }
                reserved
            })
    }
}

impl Store for Moka {
    fn has(&self, at: &Lookup<'_>) -> bool {
        self.map.contains_key(at)
    }

    /// A hit to its policy all the same, since it has no other way of lending a value.
    fn entry(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        self.map.get(at)
    }

    /// It holds the entry itself, where the caller noted it.
    fn note(&self, _at: &Lookup<'_>, _entry: &Arc<Entry>) {}

    /// Moka keeps what gives way to itself and drops it in its own maintenance.
    fn insert(&self, key: StoreKey, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        let weight = u64::from(self.weigh.of(&entry));
        self.shares.came(entry.region, weight);
        // An entry whose weight was changed and which is taken out before maintenance knew of the change is taken off
        // moka's sum by a weight that was never put on: so weights are not changed.
        let mut old = if self.weigh == Weigh::Weight { self.map.remove(&key.lookup()) } else { None };
        if self.reserve(weight) {
            self.map.insert(key, entry);
            if self.reserved.load(Ordering::Relaxed) > self.ceiling {
                self.map.run_pending_tasks();
            }
            return old.into_iter().collect();
        }
        // What it was to replace is over all the same.
        old = old.or_else(|| self.map.remove(&key.lookup()));
        if weight <= self.bound {
            self.shares.evicted(entry.region, weight);
        } else {
            self.shares.left(entry.region, weight);
        }
        old.into_iter().chain([entry]).collect()
    }

    fn remove(&self, at: &Lookup<'_>) -> Option<Arc<Entry>> {
        self.map.remove(at)
    }

    fn sample(&self, at_most: usize) -> Vec<(StoreKey, Arc<Entry>)> {
        let chosen = reservoir(self.map.iter(), at_most);
        chosen.into_iter().map(|(key, entry)| ((*key).clone(), entry)).collect()
    }

    /// One by one, since `invalidate_all` spares what is inserted within the same instant (moka-rs/moka#155).
    fn clear(&self) {
        for (key, _) in &self.map {
            self.map.remove(key.as_ref());
        }
    }

    fn settle(&self) {
        self.map.run_pending_tasks();
    }

    fn len(&self) -> u64 {
        self.map.entry_count()
    }

    fn weight(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    fn counted(&self) -> u64 {
        self.map.iter().map(|(_, entry)| u64::from(self.weigh.of(&entry))).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::{Lookup, Moka, Shares, Store};
    use crate::entry::Entry;
    use crate::options::{MemoryConfig, MemoryKind};

    /// As when others have reserved all there is and have put nothing in yet.
    #[test]
    fn where_no_room_can_be_made_the_new_entry_stays_out_and_the_old_one_is_gone() {
        let shares = Arc::<Shares>::default();
        shares.add();
        let store = Moka::new(&MemoryConfig::default().kind(MemoryKind::Moka).capacity(100), shares.clone());
        let at = Lookup::text(0, "a");
        assert!(store.insert(at.to_owned(), Entry::lasting(0, 1)).is_empty());
        store.reserved.fetch_add(101, Ordering::Relaxed);
        let back = store.insert(at.to_owned(), Entry::lasting(0, 1));
        assert_eq!(
            (back.len(), store.has(&at)),
            (2, false),
            "both are handed out, to be dropped by the caller"
        );
        assert_eq!((store.weight(), shares.evictions()), (101, 1));
        store.reserved.fetch_sub(101, Ordering::Relaxed);
        assert!(store.insert(at.to_owned(), Entry::lasting(0, 1)).is_empty() && store.has(&at));
    }
}
