//! Every interleaving of a few callers at the pool's state and line:
//! `RUSTFLAGS="--cfg mainstay_loom" cargo test -p mainstay-pool --test loom --release`.
//!
//! The modules are compiled in here as they stand, since loom replaces only the lock around them.
#![cfg(mainstay_loom)]
#![allow(clippy::unwrap_used, missing_docs, dead_code, unreachable_pub)]

#[path = "../src/backoff.rs"]
mod backoff;
#[path = "../src/checkouts.rs"]
mod checkouts;
#[path = "../src/config.rs"]
mod config;
#[path = "../src/deferred.rs"]
mod deferred;
#[path = "../src/error.rs"]
mod error;
#[path = "../src/live.rs"]
mod live;
#[path = "../src/state.rs"]
mod state;
#[path = "../src/status.rs"]
mod status;
#[path = "../src/waiters.rs"]
mod waiters;

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::Location;
use std::task::{Poll, Waker};

use loom::future::block_on;
use loom::sync::{Arc, Mutex};
use loom::thread;
use tokio::time::Instant;

use config::PoolConfig;
use deferred::Deferred;
use live::Live;
use state::State;
use waiters::{Place, Ticket};

type Held = Box<Live<u32>>;

struct Pool {
    state: Mutex<State<u32, Infallible>>,
    now: Instant,
    here: &'static Location<'static>,
}

impl Pool {
    /// A pool of one connection, which is out.
    fn with_one_out() -> (Arc<Self>, Held) {
        let (now, here) = (Instant::now(), Location::caller());
        let config = PoolConfig::default().min(0).max(1).seed(1);
        let pool = Self { state: Mutex::new(State::new(config, now)), now, here };
        let held = pool.transition(|state, later| {
            let nobody = state.wait(false, Waker::noop().clone(), here).unwrap();
            state.settle(later);
            state.connected(7, now, later);
            match state.look(nobody, Waker::noop(), now, here) {
                Place::Granted(live) => live,
                place => panic!("not handed over: {place:?}"),
            }
        });
        (Arc::new(pool), held)
    }

    /// As the pool does it: wake after unlock.
    fn transition<R>(
        &self,
        step: impl FnOnce(&mut State<u32, Infallible>, &mut Deferred<u32, Infallible>) -> R,
    ) -> R {
        let mut later = Deferred::new();
        let mut state = self.state.lock().unwrap();
        let outcome = step(&mut state, &mut later);
        state.settle(&mut later);
        drop(state);
        let Deferred { wake, leftovers, .. } = later;
        wake.into_iter().chain(leftovers.into_iter().flat_map(|left| left.wake_all)).for_each(Waker::wake);
        outcome
    }

    fn put(&self, live: Held) {
        self.transition(|state, later| state.put(live, later));
    }

    fn wait(&self) -> Ticket {
        self.transition(|state, _| state.wait(false, Waker::noop().clone(), self.here)).unwrap()
    }

    /// Waits for a connection, or for the pool to close; loom reports a lost wake-up as a deadlock.
    fn get(&self) -> Option<Held> {
        let mut ticket = None;
        block_on(poll_fn(|cx| {
            self.transition(|state, later| match ticket {
                None => {
                    if let Some(taken) = state.take(self.now, self.here, later) {
                        return Poll::Ready(Some(taken.live));
                    }
                    ticket = state.wait(false, cx.waker().clone(), self.here);
                    if ticket.is_some() { Poll::Pending } else { Poll::Ready(None) }
                }
                Some(place) => match state.look(place, cx.waker(), self.now, self.here) {
                    Place::Waiting => Poll::Pending,
                    Place::Granted(live) => Poll::Ready(Some(live)),
                    Place::Gone => Poll::Ready(None),
                },
            })
        }))
    }

    fn counts(&self) -> (usize, usize, usize) {
        let (status, _) = self.state.lock().unwrap().status("loom".into(), self.now);
        (status.idle, status.in_use, status.waiting)
    }
}

// bb8#122: a return between the look and the queueing woke nobody.
#[test]
fn a_return_against_a_caller_who_queues_is_never_missed() {
    loom::model(|| {
        let (pool, held) = Pool::with_one_out();
        let returning = thread::spawn({
            let pool = Arc::clone(&pool);
            move || pool.put(held)
        });
        let got = pool.get().expect("nobody closes the pool");
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 1, 0));
        pool.put(got);
        assert_eq!(pool.counts(), (1, 0, 0));
    });
}

#[test]
fn a_waiter_who_leaves_while_being_granted_passes_the_connection_on() {
    loom::model(|| {
        let (pool, held) = Pool::with_one_out();
        let leaver = pool.wait();
        let leaving = thread::spawn({
            let pool = Arc::clone(&pool);
            move || pool.transition(|state, later| state.leave(leaver, later))
        });
        let returning = thread::spawn({
            let pool = Arc::clone(&pool);
            move || pool.put(held)
        });
        let got = pool.get().expect("nobody closes the pool");
        leaving.join().unwrap();
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 1, 0));
        drop(got);
    });
}

#[test]
fn closing_against_a_return_strands_no_caller_and_keeps_no_connection() {
    loom::model(|| {
        let (pool, held) = Pool::with_one_out();
        let closing = thread::spawn({
            let pool = Arc::clone(&pool);
            move || pool.transition(State::close)
        });
        let returning = thread::spawn({
            let pool = Arc::clone(&pool);
            move || pool.put(held)
        });
        if let Some(got) = pool.get() {
            pool.put(got);
        }
        closing.join().unwrap();
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 0, 0));
    });
}
