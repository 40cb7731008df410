//! Idle connections that stay with a thread, in front of the pool's lock.
//!
//! After the magazines of Bonwick and Adams ("Magazines and Vmem", 2001): a thread takes from its own and returns to it, and touches nothing
//! that another thread writes. HikariCP's thread-local lists do the same for a pool, and let whoever waits steal from them; here nobody has
//! to, since all magazines are *called in*, emptied and shut, before anything is done that needs to know the whole pool: before a caller
//! waits, a resize, a sweep, a look at the counts. They open again by the returns that follow, if nobody waits.
//!
//! So all rules of the pool's state hold while it is looked at, and in between they are at most one tick of the clock old: the ticker calls
//! in too, which is why a magazine judges no age.

use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::available_parallelism;

use crossbeam_utils::CachePadded;
use tokio::time::Instant;

use crate::checkouts::Checkout;
use crate::deferred::Deferred;
use crate::lanes::UNNAMED;
use crate::live::Live;
use crate::state::State;
use crate::sync::{AtomicBool, Mutex, Ordering::Relaxed};

/// The most connections in one magazine.
const ROUNDS: usize = 4;

/// A connection beside the pool it belongs to: the reference stays with it, since counting references would be the one thing all threads
/// write. It makes a circle, which the next tick of the clock breaks.
#[derive(Debug)]
pub(crate) struct Round<P, C> {
    pub(crate) pool: P,
    pub(crate) live: Box<Live<C>>,
}

/// The magazines of a pool. The pool's lock comes first where both are held.
#[derive(Debug)]
pub(crate) struct Magazines<P, C> {
    /// Each counted apart from the pool, whose reference it takes in.
    all: Box<[Arc<Magazine<P, C>>]>,
    /// Whether any is open: exact under the pool's lock, elsewhere a hint.
    open: AtomicBool,
}

/// The connections of a thread, on a cache line of their own.
#[derive(Debug)]
pub(crate) struct Magazine<P, C>(CachePadded<Mutex<Contents<P, C>>>);

#[derive(Debug)]
struct Contents<P, C> {
    /// `None` while it is shut.
    open: Option<Opened>,
    idle: Vec<Round<P, C>>,
    out: Vec<Out>,
}

/// What was true of the pool when a magazine opened, and is for as long as it stays open.
#[derive(Clone, Copy, Debug)]
struct Opened {
    epoch: u64,
    /// When what is taken from it counts as taken.
    at: Instant,
}

/// A connection that was taken from a magazine, and not yet noted in the pool's [`Checkouts`](crate::checkouts::Checkouts).
#[derive(Debug)]
struct Out {
    slot: usize,
    by: &'static Location<'static>,
}

impl<P, C> Contents<P, C> {
    const SHUT: Self = Self { open: None, idle: Vec::new(), out: Vec::new() };

    /// Whether a connection may lie here: one that has missed no change of the pool, if there is room.
    #[inline]
    fn admits(&self, live: &Live<C>) -> bool {
        self.open.is_some_and(|opened| opened.epoch == live.epoch) && self.idle.len() < ROUNDS
    }
}

impl<P, C> Magazine<P, C> {
    /// Lays a connection down, or gives it back if it may not lie here.
    #[inline]
    pub(crate) fn put(&self, round: Round<P, C>) -> Result<(), Round<P, C>> {
        let mut contents = self.0.lock();
        contents.out.retain(|out| out.slot != round.live.slot);
        if !contents.admits(&round.live) {
            return Err(round);
        }
        contents.idle.push(round);
        Ok(())
    }
}

impl<P, C> Magazines<P, C> {
    /// Several for each core, so that the threads of one runtime, which are numbered one after the other, do not share any.
    pub(crate) fn new() -> Self {
        Self::with(4 * available_parallelism().map_or(1, usize::from))
    }

    pub(crate) fn with(magazines: usize) -> Self {
        let shut = || Arc::new(Magazine(CachePadded::new(Mutex::new(Contents::SHUT))));
        Self { all: (0..magazines).map(|_| shut()).collect(), open: AtomicBool::new(false) }
    }

    /// The magazine that a connection was taken from, or else that of the thread of that number.
    #[inline]
    fn at(&self, live: &Live<C>, thread: usize) -> &Arc<Magazine<P, C>> {
        &self.all[live.magazine.unwrap_or(thread % self.all.len())]
    }

    /// Takes the connection that the thread of that number used last.
    #[inline]
    pub(crate) fn take(&self, thread: usize, by: &'static Location<'static>) -> Option<Round<P, C>> {
        if !self.open.load(Relaxed) {
            return None;
        }
        let own = thread % self.all.len();
        let mut contents = self.all[own].0.lock();
        let mut round = contents.idle.pop()?;
        contents.out.push(Out { slot: round.live.slot, by });
        drop(contents);
        round.live.magazine = Some(own);
        Some(round)
    }

    /// Where a connection belongs that comes back on the thread of that number, if any is open.
    #[inline]
    pub(crate) fn magazine_of(&self, live: &Live<C>, thread: usize) -> Option<Arc<Magazine<P, C>>> {
        self.open.load(Relaxed).then(|| Arc::clone(self.at(live, thread)))
    }

    /// Puts a connection back by way of the pool's lock: it stays with its thread, whose magazine opens for it, if nothing speaks against
    /// that; else it is there for everybody.
    #[inline]
    pub(crate) fn put_or_open<E>(
        &self,
        state: &mut State<C, E>,
        live: Box<Live<C>>,
        thread: usize,
        pool: impl FnOnce() -> P,
        later: &mut Deferred<C, E>,
    ) {
        if !state.lets_magazines_open(&live) {
            return state.put(live, later);
        }
        let mut contents = self.at(&live, thread).0.lock();
        contents.open = Some(Opened { epoch: state.epoch(), at: state.seen() });
        if contents.admits(&live) {
            self.open.store(true, Relaxed);
            contents.idle.push(Round { pool: pool(), live });
        } else {
            drop(contents);
            state.put(live, later);
        }
    }

    /// Empties and shuts every magazine, so that `state` is the whole pool. Under the pool's lock.
    #[inline]
    pub(crate) fn call_in<E>(&self, state: &mut State<C, E>, later: &mut Deferred<C, E>) {
        if self.open.load(Relaxed) {
            self.call_in_what_is_open(state, later);
        }
    }

    #[cold]
    fn call_in_what_is_open<E>(&self, state: &mut State<C, E>, later: &mut Deferred<C, E>) {
        self.open.store(false, Relaxed);
        for magazine in &self.all {
            let Contents { open, idle, out } = std::mem::replace(&mut *magazine.0.lock(), Contents::SHUT);
            let Some(Opened { at, .. }) = open else { continue };
            for Out { slot, by } in out {
                state.note_checkout(slot, Checkout { at, by, lane: UNNAMED });
            }
            for Round { pool, live } in idle {
                state.put(live, later);
                // Never the last: whoever calls in has one too.
                drop(pool);
            }
        }
    }
}

/// A small number of this thread's own.
#[inline]
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    NUMBER.with(|number| {
        number.get().unwrap_or_else(|| {
            let next = NEXT.fetch_add(1, Relaxed);
            number.set(Some(next));
            next
        })
    })
}
