use super::pace::Pace;
use parking_lot::Mutex;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::atomic::{AtomicU64, Ordering},
};

/// All that GCRA remembers: when the next call would be due if calls came evenly, in nanoseconds of the limit's own clock.
///
/// Not the `governor` crate's, though its decisions are the same (a test compares them): that one cannot promise a turn.
/// There a waiter sleeps, asks again and may find its turn taken, so it sleeps again; here the turn is taken at once and
/// slept up to once, in order of arrival, given back if its caller goes away, and the rate can change under way.
#[derive(Debug, Default)]
pub(super) struct Word {
    due: AtomicU64,
    /// Turns that were promised, given back and not yet past. Touched by waiters only.
    vacated: Mutex<BinaryHeap<Reverse<u64>>>,
}

/// More turns given back than this at a time are lost.
const MAX_VACATED: usize = 1_024;

/// A promise that a call may start at a time.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) struct Turn {
    /// The time; not after the present for a call that need not wait.
    pub(super) at: u64,
    /// What was written when it was promised.
    due_after: u64,
}

impl Word {
    /// Takes the next turn if it comes within `max_wait` of `now`; otherwise the wait that would have been needed.
    #[inline]
    pub(super) fn take(&self, now: u64, pace: Pace, max_wait: u64) -> Result<Turn, u64> {
        let mut due = self.due.load(Ordering::Relaxed);
        loop {
            let at = due.saturating_sub(pace.tolerance);
            if at > now {
                // Who cannot wait has no use for a turn that is still to come.
                if max_wait > 0
                    && let Some(turn) = self.take_vacated(now, max_wait)
                {
                    return Ok(turn);
                }
                if at - now > max_wait {
                    return Err(at - now);
                }
            }
            let due_after = due.max(now).saturating_add(pace.interval);
            // Nothing else is published by this word.
            match self.due.compare_exchange_weak(due, due_after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(Turn { at, due_after }),
                Err(changed) => due = changed,
            }
        }
    }

    #[cold]
    fn take_vacated(&self, now: u64, max_wait: u64) -> Option<Turn> {
        let mut vacated = self.vacated.lock();
        while let Some(Reverse(at)) = vacated.pop() {
            if at >= now {
                if at - now <= max_wait {
                    // It is not the last: it goes back among the vacated, if it goes back.
                    return Some(Turn { at, due_after: 0 });
                }
                vacated.push(Reverse(at));
                return None;
            }
        }
        None
    }

    /// Gives a turn back that was not used: as if it had never been taken if nobody took one after it, to the next who
    /// has to wait otherwise.
    #[cold]
    pub(super) fn give_back(&self, turn: &Turn, pace: Pace, now: u64) {
        let due_before = turn.due_after.saturating_sub(pace.interval);
        let was_last = turn.due_after > 0
            && self
                .due
                .compare_exchange(turn.due_after, due_before, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if !was_last && turn.at > now {
            let mut vacated = self.vacated.lock();
            if vacated.len() < MAX_VACATED {
                vacated.push(Reverse(turn.at));
            }
        }
    }

    /// Calls that could start at once.
    pub(super) fn available(&self, now: u64, pace: Pace) -> u64 {
        pace.capacity().saturating_sub(self.owed(now)) / pace.interval
    }

    /// Whether a new word would decide alike.
    pub(super) fn is_fresh(&self, now: u64) -> bool {
        self.owed(now) == 0
    }

    fn owed(&self, now: u64) -> u64 {
        self.due.load(Ordering::Relaxed).saturating_sub(now)
    }

    /// Goes over from one pace to another, with as many calls left as there were.
    pub(super) fn repace(&self, now: u64, before: Pace, after: Pace) {
        let carry = |due: u64| {
            let owed = after.carry_over(before, due.saturating_sub(now));
            Some(now.saturating_add(owed))
        };
        // The closure never declines.
        let _ = self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, carry);
    }
}
