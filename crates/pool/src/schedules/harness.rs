use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::Location;
use std::task::{Poll, Waker};

use tokio::time::Instant;

#[cfg(mainstay_loom)]
use loom::{
    future::block_on,
    sync::{Arc, Mutex},
};
#[cfg(not(mainstay_loom))]
use shuttle::{
    future::block_on,
    sync::{Arc, Mutex},
};

use crate::checkouts::Caller;
use crate::config::PoolConfig;
use crate::deferred::Deferred;
use crate::lanes::UNNAMED;
use crate::live::Live;
use crate::magazine::{Magazines, Round};
use crate::state::{State, Taken};
use crate::status::Status;
use crate::waiter::{Place, Waiter};
use crate::waiters;

pub(super) type Held = Box<Live<u32>>;
pub(super) type Ticket = waiters::Ticket<Taken<u32>>;

pub(super) struct Pool {
    state: Mutex<State<u32, Infallible>>,
    magazines: Magazines<(), u32>,
    now: Instant,
    caller: Caller,
}

impl Pool {
    /// A pool of `size` connections, which are all out.
    pub(super) fn with_all_out(size: usize) -> (Arc<Self>, Vec<Held>) {
        Self::configured(PoolConfig::default().min(0).max(size).seed(1))
    }

    /// As above, and connections may stay with either of two threads.
    pub(super) fn affine_with_all_out(size: usize) -> (Arc<Self>, Vec<Held>) {
        Self::configured(PoolConfig::default().min(0).max(size).seed(1).thread_affinity(true))
    }

    fn configured(config: PoolConfig) -> (Arc<Self>, Vec<Held>) {
        let size = config.max;
        let now = Instant::now();
        let caller = Caller { by: Location::caller(), lane: UNNAMED, backtrace: None };
        let state = Mutex::new(State::new(config.into(), false, now));
        let pool = Self { state, magazines: Magazines::with(2), now, caller };
        let held = (0..size).map(|_| {
            let nobody = pool.wait();
            pool.transition(|state, later| state.connected(7, 0, now, later));
            match nobody.waiter.look(Waker::noop()) {
                Place::Granted(taken) => taken.live,
                place => panic!("not handed over: {place:?}"),
            }
        });
        let held = held.collect();
        (Arc::new(pool), held)
    }

    /// As the pool does it: with everything called in.
    pub(super) fn transition<R>(
        &self,
        step: impl FnOnce(&mut State<u32, Infallible>, &mut Deferred<u32, Infallible>) -> R,
    ) -> R {
        self.exchange(|state, later| {
            self.magazines.call_in(state, later);
            step(state, later)
        })
    }

    /// As the pool does it: wake after unlock.
    fn exchange<R>(
        &self,
        step: impl FnOnce(&mut State<u32, Infallible>, &mut Deferred<u32, Infallible>) -> R,
    ) -> R {
        let mut later = Deferred::new();
        let mut state = self.state.lock().unwrap();
        let outcome = step(&mut state, &mut later);
        state.settle(&mut later);
        drop(state);
        if let Some(waker) = later.take_waker() {
            waker.wake();
        }
        if let Some(leftovers) = later.take_leftovers() {
            leftovers.wake_all.into_iter().for_each(Waker::wake);
        }
        outcome
    }

    pub(super) fn put(&self, live: Held) {
        self.exchange(|state, later| state.put(live, later));
    }

    /// Takes what lies with the thread of that number.
    pub(super) fn take_own(&self, thread: usize) -> Option<Held> {
        self.magazines.take(thread, self.caller.by).map(|round| round.live)
    }

    /// Gives back on the thread of that number, where it may stay.
    pub(super) fn leave_with_thread(&self, live: Held, thread: usize) {
        let round = Round { pool: (), live };
        let stays = match self.magazines.magazine_of(&round.live, thread) {
            Some(magazine) => magazine.put(round),
            None => Err(round),
        };
        if let Err(Round { live, .. }) = stays {
            self.exchange(|state, later| self.magazines.put_or_open(state, live, thread, || (), later));
        }
    }

    pub(super) fn wait(&self) -> Ticket {
        let waiter = Waiter::new(&self.caller, Waker::noop().clone());
        self.transition(|state, later| state.wait(false, waiter, self.now, later)).unwrap()
    }

    /// Joins the line if nothing lies idle, as every caller does, and does not look again.
    #[cfg(not(mainstay_loom))]
    pub(super) fn wait_if_none_is_idle(&self) -> Option<Ticket> {
        let waiter = Waiter::new(&self.caller, Waker::noop().clone());
        let waits = self.transition(|state, later| {
            (state.status("schedules".into(), self.now).0.idle == 0)
                .then(|| state.wait(false, waiter, self.now, later))
        });
        waits.map(Result::unwrap)
    }

    pub(super) fn leave(&self, ticket: &Ticket) {
        self.transition(|state, later| state.leave(ticket, later));
    }

    /// Waits for a connection, or for the pool to close; a lost wake-up is reported as a deadlock.
    pub(super) fn get(&self) -> Option<Held> {
        let mut ticket: Option<Ticket> = None;
        block_on(poll_fn(|cx| {
            if let Some(ticket) = &ticket {
                // A waiter's own lock is loom's, but not shuttle's: there the schedule changes ahead of it instead.
                #[cfg(not(mainstay_loom))]
                shuttle::thread::yield_now();
                return match ticket.waiter.look(cx.waker()) {
                    Place::Waiting => Poll::Pending,
                    Place::Granted(taken) => Poll::Ready(Some(taken.live)),
                    Place::Gone => Poll::Ready(None),
                };
            }
            let waiter = Waiter::new(&self.caller, cx.waker().clone());
            self.transition(|state, later| {
                if let Some(taken) = state.take(&self.caller, Some(self.now), later) {
                    return Poll::Ready(Some(taken.live));
                }
                match state.wait(false, waiter, self.now, later) {
                    Ok(place) => {
                        ticket = Some(place);
                        Poll::Pending
                    }
                    Err(_) => Poll::Ready(None),
                }
            })
        }))
    }

    pub(super) fn status(&self) -> Status {
        self.transition(|state, _| state.status("schedules".into(), self.now).0)
    }

    /// Idle, in use and waiting.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let status = self.status();
        (status.idle, status.in_use, status.waiting)
    }
}
