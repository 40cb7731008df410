//! Interleavings of readers, writers and invalidations at the stripes, drawn by shuttle. What runs is the code itself: only
//! its lock and its semaphore give way (see `sync`).
//!
//! Each model names mutations of that code which it was seen to catch.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::thread::{self, JoinHandle};
use shuttle::{Config, Runner};

use crate::MemoryConfig;
use crate::entry::{Entry, Source};
use crate::flight::{Boarding, Departure, Turn};
use crate::generation::Stripes;
use crate::layers::memory::{L1, Lookup};
use crate::sync::explore;

/// The clocks play no part here.
const NOW: Departure = Departure { born: 0, sure_until: u64::MAX };

const SCHEDULES: usize = 2_000;
const OLD: u64 = 1;
const NEW: u64 = 2;

fn check(model: fn()) {
    let config = || {
        let mut config = Config::new();
        config.stack_size = 0x4_0000;
        config
    };
    explore(|| {
        Runner::new(RandomScheduler::new(SCHEDULES), config()).run(model);
        Runner::new(PctScheduler::new(3, SCHEDULES), config()).run(model);
    });
}

/// The stripes and memory, and what stands below: the truth, in one number.
struct Place {
    stripes: Stripes,
    l1: L1,
    below: AtomicU64,
    loads: AtomicU64,
    leading: AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Stays,
    /// Is dropped while it waits, or while it loads.
    Leaves,
}

fn entry(value: u64) -> Arc<Entry> {
    Arc::new(Entry {
        value: Arc::new(value),
        region: 0,
        born: 1,
        created_ms: 0,
        expires_ms: u64::MAX,
        version: 0,
        deadline: tokio::time::Instant::now() + Duration::from_secs(86_400),
        plain_until: u64::MAX,
        sure_until: 0,
        life: None,
        weight: 1,
        tags: Box::default(),
        checked: AtomicU64::new(0),
    })
}

fn said(entry: &Entry) -> u64 {
    *entry.value::<u64>().unwrap()
}

fn key(name: &str) -> Arc<str> {
    name.into()
}

impl Place {
    fn new(stripes: usize) -> Arc<Self> {
        Arc::new(Self {
            stripes: Stripes::with(stripes),
            l1: L1::new(&MemoryConfig::default().capacity(16)),
            below: AtomicU64::new(OLD),
            loads: AtomicU64::new(0),
            leading: AtomicU64::new(0),
        })
    }

    fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let place = self.clone();
        thread::spawn(move || act(&place))
    }

    fn held(&self, key: &str) -> Option<Arc<Entry>> {
        self.l1.entry(&Lookup::rendered(0, "\0", key))
    }

    fn in_memory(&self, key: &str) -> Option<u64> {
        self.held(key).map(|entry| said(&entry))
    }

    /// As a read that may load does it; answers nothing if it leaves first.
    fn load(&self, key: &Arc<str>, patience: Patience) -> Option<u64> {
        block_on(async {
            loop {
                let seat = match self.stripes.board(key, NOW, |_| true, || self.held(key)) {
                    Boarding::Hit(entry) => return Some(said(&entry)),
                    Boarding::Seat(seat) => seat,
                };
                let turn = {
                    let waiting = std::pin::pin!(seat.wait(|| NOW));
                    if patience == Patience::Leaves && thread_rng().gen_range(0..2) == 0 {
                        match futures::poll!(waiting) {
                            std::task::Poll::Ready(turn) => turn,
                            std::task::Poll::Pending => return None,
                        }
                    } else {
                        waiting.await
                    }
                };
                match turn {
                    Turn::Landed(entry, _) => return Some(said(&entry)),
                    Turn::Detached => {}
                    Turn::Lead(_lead) => {
                        self.loads.fetch_add(1, SeqCst);
                        self.leading.fetch_add(1, SeqCst);
                        let loaded = self.read_below();
                        self.leading.fetch_sub(1, SeqCst);
                        if patience == Patience::Leaves {
                            return None;
                        }
                        seat.land(&self.l1, &entry(loaded), Source::Loader, || true);
                        return Some(loaded);
                    }
                }
            }
        })
    }

    /// As a read without a flight does it.
    fn fill(&self, key: &Arc<str>) {
        let generation = self.stripes.generation(key);
        let read = self.read_below();
        self.stripes.fill(key, generation, &self.l1, entry(read));
    }

    /// Others come in between the reading and what follows from it.
    fn read_below(&self) -> u64 {
        thread::yield_now();
        let read = self.below.load(SeqCst);
        thread::yield_now();
        read
    }

    /// As a write through all layers does it.
    fn write(&self, key: &Arc<str>, value: u64) {
        self.stripes.bump(key, 0, &self.l1);
        let generation = self.stripes.generation(key);
        thread::yield_now();
        self.below.store(value, SeqCst);
        thread::yield_now();
        self.stripes.settle(vec![(key.clone(), generation, Some(entry(value)))], &self.l1);
    }
}

fn one_load_lands_for_all() {
    let place = Place::new(1);
    let readers: Vec<_> =
        (0..4).map(|_| place.spawn(|place| place.load(&key("a"), Patience::Stays))).collect();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), Some(OLD));
    }
    assert_eq!(place.loads.load(SeqCst), 1, "who came later joined, or found what had landed");
    assert!(!place.stripes.is_flying("a"));
    assert_eq!(place.in_memory("a"), Some(OLD));
}

/// Caught: `board` without `recheck`; `board` that never joins.
#[test]
fn shuttle_one_load_lands_for_all() {
    check(one_load_lands_for_all);
}

fn who_leaves_strands_nobody() {
    let place = Place::new(1);
    let most = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = [Patience::Leaves, Patience::Stays, Patience::Leaves, Patience::Stays]
        .into_iter()
        .map(|patience| {
            let most = most.clone();
            place.spawn(move |place| {
                let answer = place.load(&key("a"), patience);
                most.fetch_max(place.leading.load(SeqCst), SeqCst);
                (patience, answer)
            })
        })
        .collect();
    for _ in 0..8 {
        most.fetch_max(place.leading.load(SeqCst), SeqCst);
        thread::yield_now();
    }
    for reader in readers {
        let (patience, answer) = reader.join().unwrap();
        assert!(answer == Some(OLD) || (patience == Patience::Leaves && answer.is_none()), "{answer:?}");
    }
    assert!(most.load(SeqCst) <= 1, "two led one flight");
    assert!(!place.stripes.is_flying("a"), "the last to leave takes the flight off the board");
    assert_eq!(place.in_memory("a"), Some(OLD));
}

/// A follower nobody wakes would be reported as a deadlock.
///
/// Caught: a drop that takes the flight off the board though others are aboard; a joiner who is not counted; a leader that
/// leaves and forgets its permit.
#[test]
fn shuttle_who_leaves_strands_nobody() {
    check(who_leaves_strands_nobody);
}

fn the_last_to_leave_takes_the_flight_off_the_board() {
    let place = Place::new(1);
    let readers: Vec<_> =
        (0..3).map(|_| place.spawn(|place| place.load(&key("a"), Patience::Leaves))).collect();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), None, "nobody stays to land");
    }
    assert!(!place.stripes.is_flying("a"));
}

/// Caught: a drop that leaves the flight on the board; one that takes `aboard` for what it was after it left.
#[test]
fn shuttle_the_last_to_leave_takes_the_flight_off_the_board() {
    check(the_last_to_leave_takes_the_flight_off_the_board);
}

fn an_overtaken_load_lands_nowhere() {
    let place = Place::new(1);
    let readers: Vec<_> = [Patience::Stays, Patience::Leaves]
        .map(|patience| place.spawn(move |place| place.load(&key("a"), patience)))
        .into_iter()
        .collect();
    place.below.store(NEW, SeqCst);
    place.stripes.bump(&key("a"), 0, &place.l1);
    assert_ne!(place.in_memory("a"), Some(OLD), "the bump has returned");
    assert_eq!(place.load(&key("a"), Patience::Stays), Some(NEW), "a load begun after it");
    for reader in readers {
        reader.join().unwrap();
    }
    assert_ne!(place.in_memory("a"), Some(OLD), "nothing landed after a bump that began before it");
    assert!(!place.stripes.is_flying("a"));
}

/// Caught: a bump that leaves the flight attached; a bump that leaves memory as it is; `land` that does not ask whether it
/// is attached.
#[test]
fn shuttle_an_overtaken_load_lands_nowhere() {
    check(an_overtaken_load_lands_nowhere);
}

fn an_overtaken_read_fills_nothing() {
    let place = Place::new(1);
    let readers: Vec<_> = (0..2).map(|_| place.spawn(|place| place.fill(&key("a")))).collect();
    place.below.store(NEW, SeqCst);
    place.stripes.bump(&key("a"), 0, &place.l1);
    assert_ne!(place.in_memory("a"), Some(OLD), "the bump has returned");
    for reader in readers {
        reader.join().unwrap();
    }
    assert_ne!(place.in_memory("a"), Some(OLD));
}

/// Caught: a bump that does not move the generation; `fill` that does not compare it.
#[test]
fn shuttle_an_overtaken_read_fills_nothing() {
    check(an_overtaken_read_fills_nothing);
}

fn memory_agrees_with_the_last_of_two_writers() {
    let place = Place::new(1);
    let tasks = [
        place.spawn(|place| place.write(&key("a"), 2)),
        place.spawn(|place| place.write(&key("a"), 3)),
        place.spawn(|place| place.fill(&key("a"))),
    ];
    for task in tasks {
        task.join().unwrap();
    }
    let (memory, below) = (place.in_memory("a"), place.below.load(SeqCst));
    assert!(memory.is_none_or(|memory| memory == below), "{memory:?} over {below}");
}

/// Caught: `settle` that does not move the generation, that keeps whatever its generation, or that does not take out first.
#[test]
fn shuttle_memory_agrees_with_the_last_of_two_writers() {
    check(memory_agrees_with_the_last_of_two_writers);
}

fn nothing_old_outlives_a_bump_of_all() {
    let place = Place::new(2);
    let loading = place.spawn(|place| place.load(&key("a"), Patience::Stays));
    let filling = ["b", "c"].map(|name| place.spawn(move |place| place.fill(&key(name))));
    place.below.store(NEW, SeqCst);
    place.stripes.bump_all(&place.l1);
    let after = ["a", "b", "c"].map(|name| place.in_memory(name));
    assert!(!after.contains(&Some(OLD)), "the bump has returned: {after:?}");
    loading.join().unwrap();
    filling.into_iter().for_each(|filling| filling.join().unwrap());
    let after = ["a", "b", "c"].map(|name| place.in_memory(name));
    assert!(!after.contains(&Some(OLD)), "{after:?}");
    assert!(!place.stripes.is_flying("a"));
}

/// Caught: memory emptied before the flights are voided; flights left on the board; generations left as they are.
#[test]
fn shuttle_nothing_old_outlives_a_bump_of_all() {
    check(nothing_old_outlives_a_bump_of_all);
}
