use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::checkouts::{Checkout, Checkouts};
use crate::config::PoolConfig;
use crate::deferred::Deferred;
use crate::error::Fault;
use crate::live::Live;
use crate::status::{OldestCheckout, Status};
use crate::waiters::{Place, Ticket, Waiters};

/// A connection taken from the idle ones.
#[derive(Debug)]
pub(crate) struct Taken<C> {
    pub(crate) live: Box<Live<C>>,
    pub(crate) needs_check: bool,
}

/// What a connect under way should do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConnectStep {
    Connect,
    Pause(Instant),
    /// Nobody needs it any more; it is no longer counted.
    Stop,
}

/// All that the pool's one lock guards.
///
/// It knows no I/O, no task and no clock of its own: every method is a transition, and what has to happen outside of the lock is left
/// in a [`Deferred`]. Two rules hold between transitions: `waiting > 0` implies `idle = 0`, and the pool grows only while
/// `idle + in_use + connecting < max`. The second makes a debt after [`State::resize`] a consequence instead of a counter that can
/// go wrong (compare deadpool 0.13.1: max 4, take 4, `resize(1)`, `resize(4)` lets three more out).
#[derive(Debug)]
pub(crate) struct State<C, E> {
    config: PoolConfig,
    /// The most recently used last: it is taken first, so that the rest can grow old.
    idle: Vec<Box<Live<C>>>,
    waiters: Waiters<Box<Live<C>>>,
    checkouts: Checkouts,
    in_use: usize,
    connecting: usize,
    backoff: Backoff<E>,
    /// The latest time anybody brought along: a clock good enough for returns, which read none.
    seen: Instant,
    rng: fastrand::Rng,
    closed: bool,
}

impl<C, E> State<C, E> {
    pub(crate) fn new(config: PoolConfig, now: Instant) -> Self {
        let rng = config.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self {
            config,
            idle: Vec::new(),
            waiters: Waiters::new(),
            checkouts: Checkouts::default(),
            in_use: 0,
            connecting: 0,
            backoff: Backoff::new(),
            seen: now,
            rng,
            closed: false,
        }
    }

    /// Takes an idle connection; there is none while anybody waits.
    #[inline]
    pub(crate) fn take(
        &mut self,
        now: Instant,
        by: &'static Location<'static>,
        later: &mut Deferred<C, E>,
    ) -> Option<Taken<C>> {
        self.seen = self.seen.max(now);
        while let Some(live) = self.idle.pop() {
            let idle_for = now.saturating_duration_since(live.idle_since);
            let spare = self.live() + 1 > self.min();
            if live.has_outlived(now)
                || (spare && self.config.idle_timeout.is_some_and(|most| idle_for >= most))
            {
                self.retire(live, later);
                continue;
            }
            self.in_use += 1;
            self.checkouts.out(live.slot, Checkout { at: now, by });
            return Some(Taken { live, needs_check: idle_for >= self.config.check_after });
        }
        None
    }

    /// Joins the line, at its front if the caller was served before and got a dead connection; `None` if the pool is closed.
    pub(crate) fn wait(
        &mut self,
        front: bool,
        waker: Waker,
        by: &'static Location<'static>,
    ) -> Option<Ticket> {
        debug_assert!(
            self.idle.is_empty(),
            "take first: a waiter must not lie in front of an idle connection"
        );
        if self.closed {
            return None;
        }
        Some(if front { self.waiters.join_front(waker, by) } else { self.waiters.join_back(waker, by) })
    }

    /// Looks whether the connection has been handed over.
    pub(crate) fn look(
        &mut self,
        ticket: Ticket,
        waker: &Waker,
        now: Instant,
        by: &'static Location<'static>,
    ) -> Place<Box<Live<C>>> {
        let place = self.waiters.look(ticket, waker);
        if let Place::Granted(live) = &place {
            self.seen = self.seen.max(now);
            self.checkouts.out(live.slot, Checkout { at: now, by });
        }
        place
    }

    /// Leaves the line; a connection handed over meanwhile goes to the next.
    pub(crate) fn leave(&mut self, ticket: Ticket, later: &mut Deferred<C, E>) {
        if let Some(live) = self.waiters.leave(ticket) {
            self.put(live, later);
        }
    }

    /// Takes a connection back: to the head of the line, else to the idle ones.
    #[inline]
    pub(crate) fn put(&mut self, live: Box<Live<C>>, later: &mut Deferred<C, E>) {
        self.in_use -= 1;
        self.checkouts.back(live.slot);
        self.place(live, later);
    }

    /// Lets go of a connection that is of no more use.
    pub(crate) fn discard(&mut self, live: Box<Live<C>>, later: &mut Deferred<C, E>) {
        self.in_use -= 1;
        self.retire(live, later);
    }

    /// Lets go of a connection that its holder keeps.
    pub(crate) fn detach(&mut self, live: &Live<C>) {
        self.in_use -= 1;
        self.checkouts.close_slot(live.slot);
    }

    /// Closes what has lain idle for as long as a connection found dead.
    pub(crate) fn evict_idle_since(&mut self, since: Instant, later: &mut Deferred<C, E>) {
        self.retire_idle(|live| live.idle_since <= since, later);
    }

    /// Closes what is too old or has lain idle for too long.
    pub(crate) fn sweep(&mut self, now: Instant, later: &mut Deferred<C, E>) {
        self.seen = self.seen.max(now);
        let idle_timeout = self.config.idle_timeout;
        let mut spare = self.live().saturating_sub(self.min());
        self.retire_idle(
            |live| {
                let unused =
                    idle_timeout.is_some_and(|most| now.saturating_duration_since(live.idle_since) >= most);
                let goes = live.has_outlived(now) || (spare > 0 && unused);
                spare = spare.saturating_sub(usize::from(goes));
                goes
            },
            later,
        );
    }

    pub(crate) fn connect_step(&mut self, now: Instant) -> ConnectStep {
        if self.connecting > self.connects_wanted() {
            self.connecting -= 1;
            return ConnectStep::Stop;
        }
        self.backoff.pause(now).map_or(ConnectStep::Connect, ConnectStep::Pause)
    }

    /// A connect succeeded and is no longer under way.
    pub(crate) fn connected(&mut self, connection: C, now: Instant, later: &mut Deferred<C, E>) {
        self.connecting -= 1;
        self.seen = self.seen.max(now);
        later.leftovers().forgotten = self.backoff.succeeded();
        let lifetime = self.config.max_lifetime.map(|most| most.mul_f64(1.0 - self.rng.f64() / 10.0));
        let live = Live {
            connection,
            slot: self.checkouts.open_slot(),
            idle_since: now,
            retire_at: lifetime.map(|lifetime| now + lifetime),
            broken: false,
        };
        self.place(Box::new(live), later);
    }

    /// A connect failed; it goes on being under way, after a pause.
    pub(crate) fn connect_failed(&mut self, fault: Arc<Fault<E>>, now: Instant, later: &mut Deferred<C, E>) {
        later.leftovers().forgotten = self.backoff.failed(fault, now, &mut self.rng);
    }

    /// A connect was given up from outside.
    pub(crate) fn connect_abandoned(&mut self) {
        self.connecting -= 1;
    }

    pub(crate) fn resize(&mut self, max: usize, later: &mut Deferred<C, E>) {
        self.config.max = max;
        let mut over = self.live().saturating_sub(max);
        self.retire_idle(
            |_| {
                let goes = over > 0;
                over = over.saturating_sub(1);
                goes
            },
            later,
        );
    }

    pub(crate) fn close(&mut self, later: &mut Deferred<C, E>) {
        self.closed = true;
        later.leftovers().wake_all = self.waiters.dismiss();
        self.retire_idle(|_| true, later);
    }

    /// Ends a transition: counts in the connects to start, and notices that the pool has run dry.
    #[inline]
    pub(crate) fn settle(&mut self, later: &mut Deferred<C, E>) {
        let wanted = self.connects_wanted();
        if wanted > self.connecting {
            later.connects = wanted - self.connecting;
            self.connecting = wanted;
        }
        later.drained = self.closed && self.size() == 0;
    }

    pub(crate) fn is_warm(&self) -> bool {
        self.live() >= self.min()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The counts at this moment, and the last connect error for the caller to render outside of the lock.
    pub(crate) fn status(&self, name: Arc<str>, now: Instant) -> (Status, Option<Arc<Fault<E>>>) {
        let status = Status {
            name,
            size: self.size(),
            idle: self.idle.len(),
            in_use: self.in_use,
            connecting: self.connecting,
            waiting: self.waiters.len(),
            max: self.config.max,
            debt: self.size().saturating_sub(self.config.max),
            closed: self.closed,
            last_connect_error: None,
            oldest_checkout: self.checkouts.oldest().map(|Checkout { at, by }| OldestCheckout {
                age: now.saturating_duration_since(at),
                location: by,
            }),
        };
        (status, self.backoff.last_error().cloned())
    }

    fn live(&self) -> usize {
        self.idle.len() + self.in_use
    }

    fn size(&self) -> usize {
        self.live() + self.connecting
    }

    /// The least to keep; a pool resized below its minimum keeps what it may.
    fn min(&self) -> usize {
        self.config.min.min(self.config.max)
    }

    /// How many connects should be under way: one for each waiter or for each connection short of the minimum, within the maximum, and a
    /// single one while the server refuses.
    #[inline]
    fn connects_wanted(&self) -> usize {
        if self.closed {
            return 0;
        }
        let live = self.live();
        let demand = self.waiters.len().max(self.min().saturating_sub(live));
        let at_once = if self.backoff.is_failing() { 1 } else { self.config.max_connecting };
        demand.min(self.config.max.saturating_sub(live)).min(at_once)
    }

    /// Finds the place of a connection that is counted nowhere.
    #[inline]
    fn place(&mut self, mut live: Box<Live<C>>, later: &mut Deferred<C, E>) {
        if self.closed || self.live() >= self.config.max || live.has_outlived(self.seen) {
            self.retire(live, later);
            return;
        }
        live.idle_since = self.seen;
        let slot = live.slot;
        match self.waiters.grant(live) {
            Ok(granted) => {
                self.in_use += 1;
                self.checkouts.out(slot, Checkout { at: self.seen, by: granted.by });
                later.wake = Some(granted.waker);
            }
            Err(live) => self.idle.push(live),
        }
    }

    fn retire(&mut self, live: Box<Live<C>>, later: &mut Deferred<C, E>) {
        self.checkouts.close_slot(live.slot);
        later.leftovers().retired.push(live);
    }

    /// Retires, oldest first, the idle connections that `goes` picks.
    fn retire_idle(&mut self, mut goes: impl FnMut(&Live<C>) -> bool, later: &mut Deferred<C, E>) {
        for live in self.idle.extract_if(.., |live| goes(live)) {
            self.checkouts.close_slot(live.slot);
            later.leftovers().retired.push(live);
        }
    }
}
