use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_utils::CachePadded;

use crate::entry::Entry;
use crate::flight::Flight;
use crate::floor::Floors;
use crate::layers::memory::L1;
use crate::sync::Mutex;

const STRIPES: usize = 256;

/// A key to void, the generation its writer saw, and what to keep instead.
pub(crate) type Void = (Arc<str>, u64, Option<Arc<Entry>>);

/// Taken out under a stripe's lock and dropped after it: a value's `Drop` is the user's code.
#[expect(dead_code, reason = "held for its drop alone")]
enum Displaced {
    Entry(Arc<Entry>),
    Flight(Arc<Flight>),
}

/// The stripes' locks. A fill of L1 and an invalidation of the same key meet under the same lock, which is what makes
/// "filled only if not invalidated since" exact.
#[derive(Debug)]
pub(crate) struct Stripes {
    stripes: Box<[CachePadded<Mutex<Stripe>>]>,
    hasher: foldhash::fast::RandomState,
    /// Whether any key ever had a floor. Set under the lock of its stripe before the floor is raised: who reads that there is
    /// none read it before.
    floored: AtomicBool,
}

/// All that one lock guards.
#[derive(Debug, Default)]
pub(crate) struct Stripe {
    /// Moves with every invalidation of any key of the stripe: what reads without a flight compare.
    pub(crate) generation: u64,
    /// The flights that newcomers may join. A flight taken out of here is *detached*: its key was invalidated since it
    /// began, so it may still answer those aboard, and may fill nothing. This is the generation, exact for a key.
    pub(crate) flights: HashMap<Arc<str>, Arc<Flight>, foldhash::fast::RandomState>,
    pub(crate) floors: Floors,
}

impl Stripes {
    pub(crate) fn new() -> Self {
        Self::with(STRIPES)
    }

    pub(crate) fn with(stripes: usize) -> Self {
        Self {
            stripes: (0..stripes).map(|_| CachePadded::default()).collect(),
            hasher: foldhash::fast::RandomState::default(),
            floored: AtomicBool::new(false),
        }
    }

    pub(crate) fn of(&self, key: &str) -> &Mutex<Stripe> {
        &self.stripes[self.index(key)]
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low bits are all that is wanted")]
    fn index(&self, key: &str) -> usize {
        self.hasher.hash_one(key) as usize % self.stripes.len()
    }

    /// Whether the source's version of a value is not known to be outdated.
    pub(crate) fn admits(&self, key: &str, version: u64) -> bool {
        !self.floored.load(Ordering::SeqCst) || self.of(key).lock().floors.admit(key, version)
    }

    /// The least version of the source that this node knows to be true, 0 for none.
    pub(crate) fn least_version(&self, key: &str) -> u64 {
        self.of(key).lock().floors.least(key)
    }

    pub(crate) fn generation(&self, key: &str) -> u64 {
        self.of(key).lock().generation
    }

    /// Voids all that is under way for the key and takes it out of L1.
    pub(crate) fn bump(&self, key: &Arc<str>, version: u64, l1: &L1) {
        let displaced = {
            let mut stripe = self.of(key).lock();
            stripe.generation += 1;
            if version > 0 {
                self.floored.store(true, Ordering::SeqCst);
                stripe.floors.raise(key, version);
            }
            (stripe.flights.remove(key), l1.remove(key))
        };
        drop(displaced);
    }

    /// The second voiding, and the place where a written value enters memory: kept only if nobody voided the stripe since
    /// `generation`, else the key is left empty, because the order of the two writers below is unknown here. Answers how
    /// many were not kept.
    pub(crate) fn settle(&self, mut voids: Vec<Void>, l1: &L1) -> u64 {
        voids.sort_unstable_by_key(|(key, ..)| self.index(key));
        let mut refused = 0;
        let mut displaced = Vec::new();
        for group in voids.chunk_by_mut(|(one, ..), (other, ..)| self.index(one) == self.index(other)) {
            let mut stripe = self.of(&group[0].0).lock();
            for (key, generation, entry) in group {
                displaced.extend(stripe.flights.remove(key).map(Displaced::Flight));
                displaced.extend(l1.remove(key).map(Displaced::Entry));
                match entry.take() {
                    Some(entry)
                        if stripe.generation == *generation && stripe.floors.admit(key, entry.version) =>
                    {
                        displaced.extend(l1.insert(key.clone(), entry).into_iter().map(Displaced::Entry));
                    }
                    Some(entry) => {
                        refused += 1;
                        displaced.push(Displaced::Entry(entry));
                    }
                    None => {}
                }
            }
            stripe.generation += 1;
        }
        refused
    }

    /// Voids everything under way and empties L1: for when it is unknown what was invalidated elsewhere.
    pub(crate) fn bump_all(&self, l1: &L1) {
        self.void_flights();
        // After the bumps, so that whatever was filled before its stripe's bump is swept too.
        l1.clear();
    }

    /// Voids everything under way, whatever its key.
    pub(crate) fn void_flights(&self) {
        for stripe in &self.stripes {
            let flights = {
                let mut stripe = stripe.lock();
                stripe.generation += 1;
                std::mem::take(&mut stripe.flights)
            };
            drop(flights);
        }
    }

    /// Keeps `entry` unless the stripe's generation moved; answers whether it did.
    pub(crate) fn fill(&self, key: &Arc<str>, generation: u64, l1: &L1, entry: Arc<Entry>) -> bool {
        let displaced = {
            let stripe = self.of(key).lock();
            let kept = stripe.generation == generation && stripe.floors.admit(key, entry.version);
            kept.then(|| l1.insert(key.clone(), entry))
        };
        displaced.is_some()
    }
}
