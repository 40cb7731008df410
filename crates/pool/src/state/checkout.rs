//! Out and back: taking, waiting, leaving, returning.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::State;
use crate::checkouts::{Caller, Checkout};
use crate::deferred::Deferred;
use crate::live::Live;
use crate::observer::CloseReason;
use crate::waiter::Waiter;
use crate::waiters::Ticket;

/// A connection on its way to a caller.
#[derive(Debug)]
pub(crate) struct Taken<C> {
    pub(crate) live: Box<Live<C>>,
    pub(crate) needs_check: bool,
}

/// Why a caller may not even wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Closed,
    /// No connection is left, and the server has refused every connect for a while.
    Outage {
        /// How long until the next connect.
        retry_after: Duration,
    },
}

impl<C, E> State<C, E> {
    /// Takes an idle connection; there is none for a lane while anybody waits in it. Without an exact time the clock's will do.
    #[inline]
    pub(crate) fn take(
        &mut self,
        caller: &Caller,
        exact: Option<Instant>,
        later: &mut Deferred<C, E>,
    ) -> Option<Taken<C>> {
        if self.suspended || !self.lanes.admits(caller.lane, self.config.max) {
            return None;
        }
        let live = self.idle.pop()?;
        let now = match exact {
            Some(now) => self.clock.note(now),
            None => self.time(later),
        };
        // What came back at this very tick was judged then.
        let judged = live.idle_since == now && !self.config.check_after.is_zero();
        let live = if judged { live } else { self.take_fit(live, now, later)? };
        let needs_check = !judged && self.needs_check(&live, now);
        self.in_use += 1;
        self.lanes.enter(caller.lane);
        let checkout = Checkout { at: now, by: caller.by, lane: caller.lane };
        self.checkouts.out(live.slot, checkout, caller.backtrace.as_ref());
        Some(Taken { live, needs_check })
    }

    /// The time to within a tick.
    #[inline]
    pub(super) fn time(&mut self, later: &mut Deferred<C, E>) -> Instant {
        self.clock.this_tick().unwrap_or_else(|| self.read_clock(later))
    }

    #[cold]
    fn read_clock(&mut self, later: &mut Deferred<C, E>) -> Instant {
        let (now, starts_ticker) = self.clock.read();
        if starts_ticker {
            later.leftovers().starts_ticker = true;
        }
        now
    }

    /// Retires `live` and whatever else is over, down to one that is not.
    fn take_fit(
        &mut self,
        live: Box<Live<C>>,
        now: Instant,
        later: &mut Deferred<C, E>,
    ) -> Option<Box<Live<C>>> {
        let mut next = Some(live);
        while let Some(live) = next {
            let reason = if live.lifespan.is_over(now) {
                CloseReason::Lifetime
            } else if self.is_unused(&live, now) {
                CloseReason::Idle
            } else {
                return Some(live);
            };
            self.retire(live, reason, later);
            next = self.idle.pop();
        }
        None
    }

    /// Whether nobody has heard of a connection for the window.
    #[inline]
    pub(super) fn needs_check(&self, live: &Live<C>, now: Instant) -> bool {
        now.saturating_duration_since(live.proven_at) >= self.config.check_after
    }

    /// Whether a connection that counts nowhere lay idle for too long and can be spared.
    #[inline]
    fn is_unused(&self, live: &Live<C>, now: Instant) -> bool {
        self.config.idle_timeout.is_some_and(|most| now.saturating_duration_since(live.idle_since) >= most)
            && self.live() + 1 > self.min()
    }

    /// Joins the line, at its front if the caller was served before and got a dead connection.
    pub(crate) fn wait(
        &mut self,
        front: bool,
        waiter: Arc<Waiter<Taken<C>>>,
        now: Instant,
        later: &mut Deferred<C, E>,
    ) -> Result<Ticket<Taken<C>>, Refusal> {
        if let Some(refusal) = self.refusal(now) {
            return Err(refusal);
        }
        // Keeps the time of returns, which read no clock, and the ticker that reminds of this wait.
        self.time(later);
        Ok(if front { self.waiters.join_front(waiter) } else { self.waiters.join_back(waiter) })
    }

    /// Within what time whoever joins at the back is reminded that it waits: until then it needs no timer of its own.
    #[inline]
    pub(crate) fn reminds_within(&self) -> Option<Duration> {
        self.clock.two_ticks()
    }

    /// Ends a tick; `None` ends the ticker.
    pub(crate) fn tick(&mut self, later: &mut Deferred<C, E>) -> Option<Duration> {
        let next = self.clock.tick();
        self.remind(next.is_none(), later);
        next
    }

    /// The ticker is gone.
    pub(crate) fn ticks_no_more(&mut self, later: &mut Deferred<C, E>) {
        self.clock.stop();
        self.remind(true, later);
    }

    fn remind(&mut self, last: bool, later: &mut Deferred<C, E>) {
        let mut waited = self.waiters.remind(last);
        if !waited.is_empty() {
            later.leftovers().wake_all.append(&mut waited);
        }
    }

    /// Whether a caller is turned away instead of let wait.
    pub(crate) fn refusal(&mut self, now: Instant) -> Option<Refusal> {
        if self.closed {
            return Some(Refusal::Closed);
        }
        if !self.is_out(now) {
            return None;
        }
        self.asked_in_vain = true;
        let retry_at = self.backoff.pause(now).unwrap_or(now);
        Some(Refusal::Outage { retry_after: retry_at.saturating_duration_since(now) })
    }

    /// Whether nothing can come back and nothing could be connected for so long that waiting is of no use.
    pub(super) fn is_out(&self, now: Instant) -> bool {
        self.live() == 0
            && !self.suspended
            && self.config.fail_fast_after.is_some_and(|span| self.backoff.has_failed_for(span, now))
    }

    /// Leaves the line; a connection handed over meanwhile goes to the next.
    pub(crate) fn leave(&mut self, ticket: &Ticket<Taken<C>>, later: &mut Deferred<C, E>) {
        // It was not used in between: it has lain idle, and is known to work, for as long as before.
        if let Some(Taken { live, .. }) = self.waiters.leave(ticket) {
            self.release(&live);
            self.place(live, later);
        }
    }

    /// Takes a connection back: to the head of the line, else to the idle ones.
    #[inline]
    pub(crate) fn put(&mut self, mut live: Box<Live<C>>, later: &mut Deferred<C, E>) {
        self.release(&live);
        let now = self.clock.seen();
        live.idle_since = now;
        live.proven_at = now;
        live.magazine = None;
        if self.waiters.len() == 0 && self.is_unremarkable(&live) {
            self.idle.push(live);
        } else {
            self.place(live, later);
        }
    }

    /// Whether a connection that comes back may stay with its thread, where the state does not see it, until the next tick at most. To the
    /// state it stays out meanwhile.
    pub(crate) fn lets_magazines_open(&self, live: &Live<C>) -> bool {
        self.config.thread_affinity
            && self.nothing_is_due()
            && !self.suspended
            && self.clock.is_ticking()
            && self.live() <= self.config.max
            && live.epoch == self.epoch
            && !live.lifespan.is_aged(self.clock.seen())
    }

    /// A connection that has stayed with its thread is out for this caller.
    pub(crate) fn note_checkout(&mut self, slot: usize, checkout: Checkout) {
        self.checkouts.out_again(slot, checkout);
    }

    /// Lets go of a connection that is of no more use.
    pub(crate) fn discard(&mut self, live: Box<Live<C>>, reason: CloseReason, later: &mut Deferred<C, E>) {
        self.release(&live);
        self.retire(live, reason, later);
    }

    /// Lets go of a connection that its holder keeps.
    pub(crate) fn detach(&mut self, live: &Live<C>) {
        self.release(live);
        self.checkouts.close_slot(live.slot);
    }

    #[inline]
    fn release(&mut self, live: &Live<C>) {
        self.in_use -= 1;
        let lane = self.checkouts.back(live.slot);
        self.lanes.leave(lane);
    }
}
