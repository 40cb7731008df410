//! Where a connection goes that is at hand: to whoever is next, among the idle, or away.

use super::{Replacement, State, Taken};
use crate::checkouts::Checkout;
use crate::deferred::Deferred;
use crate::lanes::LaneId;
use crate::live::Live;
use crate::observer::CloseReason;

impl<C, E> State<C, E> {
    /// Finds the place of a connection that is counted nowhere.
    pub(super) fn place(&mut self, mut live: Box<Live<C>>, later: &mut Deferred<C, E>) {
        if !self.is_unremarkable(&live)
            && let Some(reason) = self.reason_to_go(&mut live)
        {
            self.retire(live, reason, later);
            return;
        }
        match self.next_in_line() {
            // One that was just used or just made has nothing to be checked for.
            Some(lane) => self.hand_over(lane, Taken { live, needs_check: false }, later),
            None => self.lay_down(live),
        }
    }

    /// Whether nothing speaks against keeping a connection that is counted nowhere.
    #[inline]
    pub(super) fn is_unremarkable(&self, live: &Live<C>) -> bool {
        !self.closed
            && self.live() < self.config.max
            && live.epoch == self.epoch
            && !live.lifespan.is_aged(self.clock.seen())
    }

    #[cold]
    fn reason_to_go(&mut self, live: &mut Live<C>) -> Option<CloseReason> {
        if self.closed {
            return Some(CloseReason::Closed);
        }
        if live.epoch < self.evicted_before {
            return Some(CloseReason::Evicted);
        }
        if live.epoch < self.epoch {
            live.epoch = self.epoch;
            live.lifespan.set_max(self.config.max_lifetime);
        }
        if self.live() >= self.config.max {
            return Some(CloseReason::Surplus);
        }
        let now = self.clock.seen();
        let goes = live.lifespan.is_over(now) || (live.lifespan.is_aged(now) && self.makes_way());
        goes.then_some(CloseReason::Lifetime)
    }

    /// Whether an aged connection that comes back goes at once; it does for its successor, and at the maximum ahead of it.
    fn makes_way(&mut self) -> bool {
        match self.replacement {
            Replacement::Arrived => {
                self.replacement = Replacement::None;
                true
            }
            // Where nobody waits the sweep replaces it, or closes it if it can be spared.
            Replacement::None if self.waiters.len() > 0 => {
                let full = self.size() + 1 >= self.config.max;
                self.replacement = if full { Replacement::Behind } else { Replacement::Ahead };
                full
            }
            _ => false,
        }
    }

    #[inline]
    fn next_in_line(&self) -> Option<LaneId> {
        if self.suspended {
            return None;
        }
        self.waiters.next(|lane| self.lanes.rank(lane, self.config.max))
    }

    /// Lays a connection down among the idle ones, which lie in the order of their last use.
    fn lay_down(&mut self, live: Box<Live<C>>) {
        if self.idle.last().is_some_and(|last| last.idle_since > live.idle_since) {
            let at = self.idle.partition_point(|other| other.idle_since <= live.idle_since);
            self.idle.insert(at, live);
        } else {
            self.idle.push(live);
        }
    }

    #[inline]
    fn hand_over(&mut self, lane: LaneId, taken: Taken<C>, later: &mut Deferred<C, E>) {
        let Some(waiter) = self.waiters.pop(lane) else { return self.lay_down(taken.live) };
        self.in_use += 1;
        self.lanes.enter(lane);
        let checkout = Checkout { at: self.time(later), by: waiter.by, lane };
        self.checkouts.out(taken.live.slot, checkout, waiter.backtrace.as_ref());
        later.wake(waiter.grant(taken));
    }

    /// Serves those for whom room has been made while connections lay idle: by a lane, or by the end of a suspension.
    #[cold]
    pub(super) fn serve_from_idle(&mut self, later: &mut Deferred<C, E>) {
        while let Some(lane) = self.next_in_line() {
            let Some(live) = self.idle.pop() else { return };
            let now = self.time(later);
            if live.lifespan.is_over(now) {
                self.retire(live, CloseReason::Lifetime, later);
                continue;
            }
            let needs_check = self.needs_check(&live, now);
            self.hand_over(lane, Taken { live, needs_check }, later);
        }
    }
}
