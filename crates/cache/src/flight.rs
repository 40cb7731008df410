use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::SemaphorePermit;

use crate::entry::{Entry, Source};
use crate::generation::Stripes;
use crate::layers::memory::L1;
use crate::sync::Semaphore;

/// One load of one key that several callers wait for.
///
/// The right to lead is the one permit of `turn`: a leader that fails, panics or is dropped gives it back and the next in
/// line leads, so nothing is poisoned and nobody stranded; one that lands closes `turn`, which wakes everybody at once.
#[derive(Debug)]
pub(crate) struct Flight {
    /// The namespace clock before the load: a newcomer who knows of a newer stamp may not join.
    born: AtomicU64,
    /// As of an entry: where nothing is heard of the others, a load that began longer ago than the bound is no fresher.
    sure_until: AtomicU64,
    turn: Semaphore,
    landed: OnceLock<(Arc<Entry>, Source)>,
    /// What its leader found below, past its time: for whoever waits no longer, since memory has nothing for them.
    old: OnceLock<(Arc<Entry>, Source)>,
    /// Changed under the stripe's lock only.
    aboard: AtomicUsize,
}

/// When a flight began: on the namespace clock, and as [`Entry::sure_until`] says it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departure {
    pub(crate) born: u64,
    pub(crate) sure_until: u64,
}

/// What a caller who missed L1 finds at the gate.
pub(crate) enum Boarding<'a> {
    /// Somebody landed since the miss.
    Hit(Arc<Entry>),
    Seat(Seat<'a>),
}

/// A place in a flight. Dropping it leaves; the last to leave takes the flight off the board.
pub(crate) struct Seat<'a> {
    stripes: &'a Stripes,
    key: Arc<str>,
    flight: Arc<Flight>,
}

/// What waiting in a seat ends with.
pub(crate) enum Turn<'f> {
    Landed(Arc<Entry>, Source),
    /// Held for its drop, which passes the lead on.
    Lead(SemaphorePermit<'f>),
    /// The lead fell to us, yet the key was invalidated meanwhile: begin again.
    Detached,
}

impl Stripes {
    /// Joins the flight on the board if `joinable` accepts its departure, else begins one now; `recheck` looks at L1 once more,
    /// under the lock that landing takes too, so that no second load starts behind a landing.
    pub(crate) fn board(
        &self,
        key: &Arc<str>,
        now: Departure,
        joinable: impl Fn(Departure) -> bool,
        recheck: impl Fn() -> Option<Arc<Entry>>,
    ) -> Boarding<'_> {
        let mut stripe = self.of(key).lock();
        if let Some(flight) = stripe.flights.get(key)
            && joinable(flight.departure())
        {
            flight.aboard.fetch_add(1, Ordering::Relaxed);
            return Boarding::Seat(Seat { stripes: self, key: key.clone(), flight: flight.clone() });
        }
        if let Some(entry) = recheck() {
            return Boarding::Hit(entry);
        }
        let flight = Arc::new(Flight {
            born: AtomicU64::new(now.born),
            sure_until: AtomicU64::new(now.sure_until),
            turn: Semaphore::new(1),
            landed: OnceLock::new(),
            old: OnceLock::new(),
            aboard: AtomicUsize::new(1),
        });
        stripe.flights.insert(key.clone(), flight.clone());
        Boarding::Seat(Seat { stripes: self, key: key.clone(), flight })
    }
}

impl Stripes {
    /// Whether newcomers find a flight to join.
    pub(crate) fn is_flying(&self, key: &str) -> bool {
        self.of(key).lock().flights.contains_key(key)
    }

    /// Whether the flight is on the board still: its key was not invalidated since it began, and it did not end.
    pub(crate) fn is_attached(&self, key: &str, flight: &Arc<Flight>) -> bool {
        self.of(key).lock().flights.get(key).is_some_and(|own| Arc::ptr_eq(own, flight))
    }
}

impl Flight {
    /// The first that is offered stays: who leads after a leader that failed finds the same, or something better of its own.
    pub(crate) fn offer_old(&self, entry: Arc<Entry>, source: Source) {
        let _ = self.old.set((entry, source));
    }

    pub(crate) fn old(&self) -> Option<(Arc<Entry>, Source)> {
        self.old.get().cloned()
    }

    fn departure(&self) -> Departure {
        Departure {
            born: self.born.load(Ordering::Relaxed),
            sure_until: self.sure_until.load(Ordering::Relaxed),
        }
    }
}

impl Seat<'_> {
    pub(crate) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    pub(crate) async fn wait(&self, now: impl Fn() -> Departure) -> Turn<'_> {
        let Ok(lead) = self.flight.turn.acquire().await else {
            return match self.flight.landed.get() {
                Some((entry, source)) => Turn::Landed(entry.clone(), *source),
                None => Turn::Detached,
            };
        };
        let stripe = self.stripes.of(&self.key).lock();
        if stripe.flights.get(&self.key).is_some_and(|own| Arc::ptr_eq(own, &self.flight)) {
            let Departure { born, sure_until } = now();
            self.flight.born.store(born, Ordering::Relaxed);
            self.flight.sure_until.store(sure_until, Ordering::Relaxed);
            Turn::Lead(lead)
        } else {
            Turn::Detached
        }
    }

    /// Tells newcomers how young the load really is, once the shared clock was read.
    pub(crate) fn rejuvenate(&self, born: u64) {
        self.flight.born.fetch_max(born, Ordering::Relaxed);
    }

    /// Ends the flight: L1 keeps the entry if the flight is still on the board and `keep` agrees; all aboard get it either
    /// way. Answers whether L1 was filled.
    pub(crate) fn land(&self, l1: &L1, entry: &Arc<Entry>, source: Source, keep: impl Fn() -> bool) -> bool {
        let displaced = {
            let mut stripe = self.stripes.of(&self.key).lock();
            let attached = stripe.flights.get(&self.key).is_some_and(|own| Arc::ptr_eq(own, &self.flight));
            if attached {
                stripe.flights.remove(&self.key);
            }
            (attached && stripe.floors.admit(&self.key, entry.version) && keep())
                .then(|| l1.insert(self.key.clone(), entry.clone()))
        };
        let first = self.flight.landed.set((entry.clone(), source)).is_ok();
        debug_assert!(first, "only the holder of the turn lands, and closes it");
        self.flight.turn.close();
        displaced.is_some()
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut stripe = self.stripes.of(&self.key).lock();
        let last = self.flight.aboard.fetch_sub(1, Ordering::Relaxed) == 1;
        if last && stripe.flights.get(&self.key).is_some_and(|own| Arc::ptr_eq(own, &self.flight)) {
            stripe.flights.remove(&self.key);
        }
    }
}
