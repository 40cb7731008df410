//! How many connects run, and what their ends bring.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Replacement, State};
use crate::deferred::Deferred;
use crate::error::Fault;
use crate::live::{Lifespan, Live};
use crate::observer::CloseReason;

/// What a connect under way should do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConnectStep {
    /// Connect; the epoch goes with the connection, which may be evicted before it is there.
    Connect {
        epoch: u64,
    },
    Pause(Instant),
    /// Nobody needs it any more; it is no longer counted.
    Stop,
}

impl<C, E> State<C, E> {
    /// How many connects should be under way: one for each waiter or for each connection short of the minimum, and one for a
    /// replacement, within the maximum, and a single one while the server refuses.
    #[inline]
    pub(super) fn connects_wanted(&self) -> usize {
        if self.closed || self.suspended {
            return 0;
        }
        let live = self.live();
        let replacement = matches!(self.replacement, Replacement::Ahead | Replacement::Behind);
        let demand =
            self.servable().max(self.min().saturating_sub(live)).max(usize::from(self.asked_in_vain))
                + usize::from(replacement);
        let at_once = if self.backoff.is_failing() { 1 } else { self.config.max_connecting };
        demand.min(self.config.max.saturating_sub(live + self.leaving)).min(at_once)
    }

    #[inline]
    fn servable(&self) -> usize {
        if self.waiters.len() == 0 || !self.lanes.are_shared() {
            return self.waiters.len();
        }
        self.lanes.servable(self.config.max, |lane| self.waiters.len_of(lane))
    }

    pub(crate) fn connect_step(&mut self, now: Instant) -> ConnectStep {
        if self.connecting > self.connects_wanted() {
            self.connecting -= 1;
            return ConnectStep::Stop;
        }
        if let Some(until) = self.backoff.pause(now) {
            return ConnectStep::Pause(until);
        }
        self.asked_in_vain = false;
        ConnectStep::Connect { epoch: self.epoch }
    }

    /// A connect succeeded and is no longer under way.
    pub(crate) fn connected(&mut self, connection: C, epoch: u64, now: Instant, later: &mut Deferred<C, E>) {
        self.connecting -= 1;
        let now = self.clock.note(now);
        later.leftovers().forgotten = self.backoff.succeeded();
        let live = Live {
            connection,
            slot: self.checkouts.open_slot(),
            idle_since: now,
            proven_at: now,
            lifespan: Lifespan::new(now, self.config.max_lifetime, &mut self.rng),
            epoch,
            magazine: None,
            broken: false,
            lent_at: None,
        };
        self.succeed_aged(later);
        self.place(Box::new(live), later);
    }

    /// Lets an aged connection go for the one that has just been made.
    fn succeed_aged(&mut self, later: &mut Deferred<C, E>) {
        self.replacement = match self.replacement {
            Replacement::Ahead => match self.oldest_aged() {
                Some(at) => {
                    let old = self.idle.remove(at);
                    self.retire(old, CloseReason::Lifetime, later);
                    Replacement::None
                }
                None => Replacement::Arrived,
            },
            Replacement::Behind => Replacement::None,
            unchanged => unchanged,
        };
    }

    /// A connect failed; it goes on being under way, after a pause.
    pub(crate) fn connect_failed(&mut self, fault: Arc<Fault<E>>, now: Instant, later: &mut Deferred<C, E>) {
        later.leftovers().forgotten = self.backoff.failed(fault, now, self.config.max_backoff, &mut self.rng);
        if self.is_out(now) {
            later.leftovers().wake_all.append(&mut self.waiters.dismiss());
        }
    }

    /// A connect was given up from outside.
    pub(crate) fn connect_abandoned(&mut self) {
        self.connecting -= 1;
    }

    /// A hook has refused a connection: the next is made after a pause.
    pub(crate) fn refused(&mut self, fault: Arc<Fault<E>>, now: Instant, later: &mut Deferred<C, E>) {
        later.leftovers().forgotten =
            self.backoff.refused(fault, now, self.config.max_backoff, &mut self.rng);
    }

    /// A hook has let a connection pass.
    pub(crate) fn accepted(&mut self, later: &mut Deferred<C, E>) {
        if self.backoff.is_failing() {
            later.leftovers().forgotten = self.backoff.accepted();
        }
    }
}
