//! What the background work asks for: ages, keepalives, leaks, and connections taken out to be looked at.

use tokio::time::Instant;

use super::{Replacement, State};
use crate::deferred::Deferred;
use crate::leak::Leak;
use crate::live::Live;
use crate::observer::CloseReason;

impl<C, E> State<C, E> {
    /// Closes what is too old or has lain idle for too long, and has the aged replaced.
    pub(crate) fn sweep(&mut self, now: Instant, later: &mut Deferred<C, E>) {
        let now = self.clock.note(now);
        let idle_timeout = self.config.idle_timeout;
        let mut spare = self.live().saturating_sub(self.min());
        self.retire_idle(
            |live| {
                let unused =
                    idle_timeout.is_some_and(|most| now.saturating_duration_since(live.idle_since) >= most);
                let reason = match (live.lifespan.is_over(now), live.lifespan.is_aged(now), unused) {
                    (true, _, _) => CloseReason::Lifetime,
                    (_, true, _) if spare > 0 => CloseReason::Lifetime,
                    (_, _, true) if spare > 0 => CloseReason::Idle,
                    _ => return None,
                };
                spare = spare.saturating_sub(1);
                Some(reason)
            },
            later,
        );
        self.replace_aged(later);
    }

    /// Begins to replace the oldest of the aged, unless a replacement is under way.
    fn replace_aged(&mut self, later: &mut Deferred<C, E>) {
        if self.closed || self.suspended {
            return;
        }
        let full = self.size() >= self.config.max;
        match (self.replacement, self.oldest_aged()) {
            (Replacement::None, Some(at)) if full => {
                let old = self.idle.remove(at);
                self.retire(old, CloseReason::Lifetime, later);
                self.replacement = Replacement::Behind;
            }
            (Replacement::None, Some(_)) => self.replacement = Replacement::Ahead,
            // The pool has filled up or shrunk meanwhile: it must begin anew, the old one first.
            (Replacement::Ahead, _) if self.live() + self.leaving >= self.config.max => {
                self.replacement = Replacement::None;
            }
            // What was to be replaced is gone, or nobody misses it: the connect is elided.
            (Replacement::Ahead, None) if self.in_use == 0 => self.replacement = Replacement::None,
            (Replacement::Behind, _) if self.waiters.len() == 0 && self.live() >= self.min() => {
                self.replacement = Replacement::None;
            }
            _ => {}
        }
    }

    pub(super) fn oldest_aged(&self) -> Option<usize> {
        let now = self.clock.seen();
        let aged = self.idle.iter().enumerate().filter(|(_, live)| live.lifespan.is_aged(now));
        aged.min_by_key(|(_, live)| live.lifespan.born_at()).map(|(at, _)| at)
    }

    /// Closes what has not been heard of for as long as a connection found dead.
    pub(crate) fn evict_unproven_since(&mut self, since: Instant, later: &mut Deferred<C, E>) {
        self.retire_idle(|live| (live.proven_at <= since).then_some(CloseReason::Suspect), later);
    }

    /// Takes out an idle connection that is due for a keepalive, unless a keepalive task runs already.
    pub(crate) fn start_keepalive(&mut self, now: Instant) -> Option<Box<Live<C>>> {
        if self.keeping_alive {
            return None;
        }
        self.next_keepalive(now)
    }

    /// As above, for the task that runs.
    pub(crate) fn next_keepalive(&mut self, now: Instant) -> Option<Box<Live<C>>> {
        let due = self.config.keepalive.and_then(|span| {
            let due = self.idle.iter().enumerate().filter(|(_, live)| {
                now.saturating_duration_since(live.proven_at) >= live.lifespan.jittered(span)
            });
            due.min_by_key(|(_, live)| live.proven_at).map(|(at, _)| at)
        });
        self.keeping_alive = due.is_some();
        due.map(|at| {
            self.tended += 1;
            self.idle.remove(at)
        })
    }

    /// Takes out everything idle.
    pub(crate) fn take_all_idle(&mut self) -> Vec<Box<Live<C>>> {
        self.tended += self.idle.len();
        std::mem::take(&mut self.idle)
    }

    /// Takes a connection back that was out for background work: its idle time goes on.
    pub(crate) fn put_tended(&mut self, live: Box<Live<C>>, later: &mut Deferred<C, E>) {
        self.tended -= 1;
        self.place(live, later);
    }

    /// Lets go of a connection that did not survive background work.
    pub(crate) fn discard_tended(
        &mut self,
        live: Box<Live<C>>,
        reason: CloseReason,
        later: &mut Deferred<C, E>,
    ) {
        self.tended -= 1;
        self.retire(live, reason, later);
    }

    /// A connection has said goodbye and is closed.
    pub(crate) fn gone(&mut self) {
        self.leaving -= 1;
    }

    /// The checkouts that have become leaks since the last look.
    pub(crate) fn new_leaks(&mut self, now: Instant) -> Vec<Leak> {
        let Some(limit) = self.config.leak_after else { return Vec::new() };
        let leaks = self.checkouts.leaks(now, limit);
        self.leaks += leaks.len() as u64;
        leaks
    }
}
