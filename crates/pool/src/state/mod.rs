//! All that a pool's one lock guards, a file for each kind of change.

mod checkout;
mod connecting;
mod limits;
#[cfg(test)]
mod model;
mod placing;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::checkouts::{Checkout, Checkouts};
use crate::clock::Clock;
use crate::config::PoolConfig;
use crate::deferred::Deferred;
use crate::error::Fault;
use crate::lanes::Lanes;
use crate::live::Live;
use crate::observer::CloseReason;
use crate::status::{LaneStatus, OldestCheckout, Status};
use crate::waiters::Waiters;

pub(crate) use checkout::{Refusal, Taken};
pub(crate) use connecting::ConnectStep;

/// Where the replacement of an aged connection stands; there is one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replacement {
    None,
    /// The old one serves until a connect brings its successor.
    Ahead,
    /// The successor is here: the next aged connection that is idle or comes back goes.
    Arrived,
    /// At the maximum the old one had to go first; its successor is to come.
    Behind,
}

/// All that the pool's one lock guards.
///
/// It knows no I/O and no task: every method is a transition, and what has to happen outside of the lock is left in a [`Deferred`].
/// Two rules hold between transitions: nobody waits who could have an idle connection, and the pool grows only while
/// `idle + in_use + tended + leaving + connecting < max`. The second makes a debt after [`State::resize`] a consequence instead of a counter that
/// can go wrong (compare deadpool 0.13.1: max 4, take 4, `resize(1)`, `resize(4)` lets three more out).
#[derive(Debug)]
pub(crate) struct State<C, E> {
    config: Arc<PoolConfig>,
    clock: Clock,
    /// The most recently used last: it is taken first, so that the rest can grow old.
    idle: Vec<Box<Live<C>>>,
    waiters: Waiters<Taken<C>>,
    lanes: Lanes,
    checkouts: Checkouts,
    in_use: usize,
    /// Out of the idle ones for a keepalive or a caller's predicate.
    tended: usize,
    /// On their way out and not closed yet: they take up room and are of no more use.
    leaving: usize,
    connecting: usize,
    replacement: Replacement,
    backoff: Backoff<E>,
    /// A caller was turned away: one connect goes on for those who will ask again.
    asked_in_vain: bool,
    rng: fastrand::Rng,
    /// Counts the changes that a connection which is out has missed.
    epoch: u64,
    /// Connections of an earlier epoch are to go.
    evicted_before: u64,
    /// A keepalive task runs.
    keeping_alive: bool,
    /// Whether a connection has a goodbye to say before it is closed.
    says_goodbye: bool,
    leaks: u64,
    suspended: bool,
    closed: bool,
}

impl<C, E> State<C, E> {
    pub(crate) fn new(config: Arc<PoolConfig>, says_goodbye: bool, now: Instant) -> Self {
        let rng = config.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self {
            clock: Clock::new(now, Self::clock_resolution(&config)),
            lanes: Lanes::new(&config),
            config,
            idle: Vec::new(),
            waiters: Waiters::new(),
            checkouts: Checkouts::default(),
            in_use: 0,
            tended: 0,
            leaving: 0,
            connecting: 0,
            replacement: Replacement::None,
            backoff: Backoff::new(),
            asked_in_vain: false,
            rng,
            epoch: 0,
            evicted_before: 0,
            keeping_alive: false,
            says_goodbye,
            leaks: 0,
            suspended: false,
            closed: false,
        }
    }

    /// Ends a transition: serves whom it has made room for, counts in the connects to start, and notices that the pool has run dry.
    #[inline]
    pub(crate) fn settle(&mut self, later: &mut Deferred<C, E>) {
        if !self.nothing_is_due() {
            self.settle_what_is_due(later);
        }
    }

    #[inline]
    fn nothing_is_due(&self) -> bool {
        self.waiters.len() == 0
            && self.live() >= self.min()
            && self.replacement == Replacement::None
            && !self.asked_in_vain
            && !self.closed
    }

    fn settle_what_is_due(&mut self, later: &mut Deferred<C, E>) {
        if self.waiters.len() > 0 && !self.idle.is_empty() {
            self.serve_from_idle(later);
        }
        let wanted = self.connects_wanted();
        if wanted > self.connecting {
            later.connects = wanted - self.connecting;
            self.connecting = wanted;
        }
        later.drained = self.closed && self.size() == 0;
    }

    pub(crate) fn config(&self) -> &Arc<PoolConfig> {
        &self.config
    }

    pub(crate) fn clock_ticks(&self) -> Duration {
        self.clock.resolution()
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn seen(&self) -> Instant {
        self.clock.seen()
    }

    #[inline]
    pub(crate) fn has_line(&self) -> bool {
        self.waiters.len() > 0
    }

    pub(crate) fn is_warm(&self) -> bool {
        self.live() >= self.min()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The counts at this moment, and the last connect error for the caller to render outside of the lock.
    pub(crate) fn status(&self, name: Arc<str>, now: Instant) -> (Status, Option<Arc<Fault<E>>>) {
        let lanes = self.lanes.named().map(|(lane, share)| LaneStatus {
            name: Arc::clone(&share.name),
            in_use: share.in_use,
            waiting: self.waiters.len_of(lane),
            guaranteed: share.guaranteed,
            cap: share.cap.min(self.config.max),
        });
        let status = Status {
            name,
            size: self.size(),
            idle: self.idle.len(),
            in_use: self.in_use + self.tended + self.leaving,
            connecting: self.connecting,
            waiting: self.waiters.len(),
            max: self.config.max,
            debt: self.size().saturating_sub(self.config.max),
            suspended: self.suspended,
            closed: self.closed,
            leaks: self.leaks,
            last_connect_error: None,
            oldest_checkout: self.checkouts.oldest().map(|Checkout { at, by, .. }| OldestCheckout {
                age: now.saturating_duration_since(at),
                location: by,
            }),
            lanes: lanes.collect(),
        };
        (status, self.backoff.last_error().cloned())
    }

    /// The connections that are or will be of use.
    #[inline]
    fn live(&self) -> usize {
        self.idle.len() + self.in_use + self.tended
    }

    #[inline]
    fn size(&self) -> usize {
        self.live() + self.leaving + self.connecting
    }

    /// The least to keep; a pool resized below its minimum keeps what it may.
    #[inline]
    fn min(&self) -> usize {
        self.config.min.min(self.config.max)
    }

    /// Sends a connection on its way out that is counted nowhere.
    #[cold]
    fn retire(&mut self, live: Box<Live<C>>, reason: CloseReason, later: &mut Deferred<C, E>) {
        self.checkouts.close_slot(live.slot);
        self.leaving += usize::from(self.says_goodbye);
        later.leftovers().retired.push((live, reason));
    }

    /// Retires, oldest first, the idle connections that `goes` gives a reason for.
    fn retire_idle(
        &mut self,
        mut goes: impl FnMut(&Live<C>) -> Option<CloseReason>,
        later: &mut Deferred<C, E>,
    ) {
        for live in std::mem::take(&mut self.idle) {
            match goes(&live) {
                Some(reason) => self.retire(live, reason, later),
                None => self.idle.push(live),
            }
        }
    }
}
