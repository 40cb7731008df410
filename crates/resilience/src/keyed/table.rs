use crossbeam_utils::CachePadded;
use indexmap::{
    IndexMap,
    map::raw_entry_v1::{RawEntryApiV1, RawEntryMut},
};
use parking_lot::RwLock;
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash, RandomState},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// Entries an insertion into a full table looks at to find one to forget: a bound on what a flood of new keys can cost.
const LOOKS: usize = 32;

/// A bounded map that forgets only what may be forgotten, and only where room is needed or somebody asks: no timer.
///
/// What goes first is found by a clock hand (second chance): among the entries it passes, one that nobody asked for since
/// its last pass. The hand alone reads the time, so that a look costs no clock. SipHash with random keys, since keys often come from outside.
pub(crate) struct Table<K, V> {
    shards: Box<[Locked<K, V>]>,
    hasher: RandomState,
    /// Entries in all shards. Raised before an insertion, under the shard's lock; lowered after a removal.
    len: AtomicUsize,
    max: AtomicUsize,
    /// The zero of the entries' times.
    made: Instant,
    /// The shard whose hand moves next.
    next_shard: AtomicUsize,
    forgotten: AtomicUsize,
}

type Locked<K, V> = CachePadded<RwLock<Shard<K, V>>>;

/// What became of an insertion.
pub(crate) enum Insertion<R> {
    /// A value is there now: this one, or the one that was.
    There(R),
    /// The value was made from what is no longer true.
    Outdated,
    /// Nothing was found that can be forgotten to make room.
    Full,
}

struct Shard<K, V> {
    /// Without a hasher: the hash is computed before the lock is taken.
    entries: IndexMap<K, Entry<V>, ()>,
    hand: usize,
}

struct Entry<V> {
    value: V,
    /// Since `seen`.
    asked_for: AtomicBool,
    /// When it was put in, or when the hand last found that it had been asked for.
    seen: Duration,
}

impl<V> Entry<V> {
    /// Notes that it is in demand. Reads first, so that a hot entry's line stays shared between cores.
    fn touch(&self) {
        if !self.asked_for.load(Ordering::Relaxed) {
            self.asked_for.store(true, Ordering::Relaxed);
        }
    }

    /// How long nobody has asked for it, at least; `None` if somebody has since the last pass. A pass of the hand.
    fn idle(&mut self, now: Duration) -> Option<Duration> {
        if std::mem::take(self.asked_for.get_mut()) {
            self.seen = now;
            return None;
        }
        Some(now.saturating_sub(self.seen))
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    pub(crate) fn new(max: usize) -> Self {
        let shards = (max / 64).clamp(1, 64).next_power_of_two();
        let shard = || CachePadded::new(RwLock::new(Shard { entries: IndexMap::with_hasher(()), hand: 0 }));
        Self {
            shards: (0..shards).map(|_| shard()).collect(),
            hasher: RandomState::new(),
            len: AtomicUsize::new(0),
            made: Instant::now(),
            max: AtomicUsize::new(max),
            next_shard: AtomicUsize::new(0),
            forgotten: AtomicUsize::new(0),
        }
    }

    fn shard_of(&self, hash: u64) -> &RwLock<Shard<K, V>> {
        // The map's own index comes from the low bits, and its tags from the top seven.
        &self.shards[(hash >> 32) as usize & (self.shards.len() - 1)]
    }

    /// A look at the value of `key`, which counts as asking for it. `look` is not user code: it runs under the lock.
    pub(crate) fn get<Q, R>(&self, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let shard = self.shard_of(hash).read();
        let (_, entry) = shard.entries.raw_entry_v1().from_key_hashed_nocheck(hash, key)?;
        entry.touch();
        Some(look(&entry.value))
    }

    /// Puts `value` in unless `key` is there by now, and looks at what is there.
    ///
    /// `is_current` is asked under the lock under which the value is put in. `can_forget` is told how long nobody has asked
    /// for a value.
    pub(crate) fn insert<R>(
        &self,
        key: K,
        value: V,
        is_current: impl Fn() -> bool,
        can_forget: impl Fn(&V, Duration) -> bool,
        look: impl FnOnce(&V) -> R,
    ) -> Insertion<R> {
        let hash = self.hasher.hash_one(&key);
        let mut looks = LOOKS;
        loop {
            let mut shard = self.shard_of(hash).write();
            match shard.entries.raw_entry_mut_v1().from_key_hashed_nocheck(hash, &key) {
                RawEntryMut::Occupied(entry) => {
                    let found = look(&entry.get().value);
                    // Its drop may be user code.
                    drop(shard);
                    drop((key, value));
                    return Insertion::There(found);
                }
                RawEntryMut::Vacant(_) if !is_current() => return Insertion::Outdated,
                RawEntryMut::Vacant(vacant) if self.reserve() => {
                    let entry = Entry { value, asked_for: AtomicBool::new(false), seen: self.made.elapsed() };
                    let (_, entry) = vacant.insert_hashed_nocheck(hash, key, entry);
                    return Insertion::There(look(&entry.value));
                }
                RawEntryMut::Vacant(_) => {}
            }
            drop(shard);
            if !self.forget_one(&mut looks, &can_forget) {
                return Insertion::Full;
            }
        }
    }

    fn reserve(&self) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        let room = |len| (len < max).then_some(len + 1);
        self.len.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok()
    }

    /// Forgets one entry, after at most `looks` looks, which it counts down. An entry that nobody asked for of late is
    /// preferred to one that is only forgettable.
    fn forget_one(&self, looks: &mut usize, can_forget: &impl Fn(&V, Duration) -> bool) -> bool {
        let now = self.made.elapsed();
        for _ in 0..self.shards.len() {
            let at = self.next_shard.fetch_add(1, Ordering::Relaxed) & (self.shards.len() - 1);
            let mut shard = self.shards[at].write();
            if let Some(victim) = shard.find_victim(now, looks, can_forget) {
                let forgotten = shard.entries.swap_remove_index(victim);
                drop(shard);
                self.len.fetch_sub(1, Ordering::Relaxed);
                self.forgotten.fetch_add(1, Ordering::Relaxed);
                drop(forgotten);
                return true;
            }
            if *looks == 0 {
                return false;
            }
        }
        false
    }

    /// Forgets every forgettable entry that nobody asked for since the last pass.
    pub(crate) fn forget_idle(&self, can_forget: impl Fn(&V, Duration) -> bool) -> usize {
        let now = self.made.elapsed();
        let mut forgotten = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.write();
            let mut at = 0;
            while let Some((_, entry)) = shard.entries.get_index_mut(at) {
                if entry.idle(now).is_some_and(|idle| can_forget(&entry.value, idle)) {
                    forgotten.extend(shard.entries.swap_remove_index(at));
                } else {
                    at += 1;
                }
            }
        }
        self.len.fetch_sub(forgotten.len(), Ordering::Relaxed);
        self.forgotten.fetch_add(forgotten.len(), Ordering::Relaxed);
        forgotten.len()
    }

    /// What `look` makes of every entry. `look` is not user code: it runs under the lock.
    pub(crate) fn collect<R>(&self, look: impl Fn(&K, &V) -> R) -> Vec<R> {
        let mut all = Vec::with_capacity(self.len());
        for shard in &self.shards {
            all.extend(shard.read().entries.iter().map(|(key, entry)| look(key, &entry.value)));
        }
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(crate) fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// Allows this many from now on; what is above it leaves as it becomes forgettable and room is needed.
    pub(crate) fn set_max(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    pub(crate) fn forgotten(&self) -> usize {
        self.forgotten.load(Ordering::Relaxed)
    }
}

impl<K, V> Shard<K, V> {
    fn find_victim(
        &mut self,
        now: Duration,
        looks: &mut usize,
        can_forget: &impl Fn(&V, Duration) -> bool,
    ) -> Option<usize> {
        let mut second_best = None;
        for _ in 0..self.entries.len().min(*looks) {
            *looks -= 1;
            let at = self.hand % self.entries.len();
            self.hand = at + 1;
            let entry = &mut self.entries[at];
            let idle = entry.idle(now);
            if can_forget(&entry.value, idle.unwrap_or_default()) {
                if idle.is_some() {
                    return Some(at);
                }
                second_best = second_best.or(Some(at));
            }
        }
        second_best
    }
}

impl<K, V> std::fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (len, max) = (self.len.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed));
        f.debug_struct("Table").field("len", &len).field("max", &max).finish_non_exhaustive()
    }
}
