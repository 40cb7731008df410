use std::collections::BTreeMap;
use std::panic::Location;
use std::task::Waker;

/// A place in the line; lower numbers are served first.
pub(crate) type Ticket = i64;

/// What a waiter leaves behind while it sleeps.
#[derive(Debug)]
struct Waiter {
    waker: Waker,
    by: &'static Location<'static>,
}

/// Callers in order of arrival, and what has been handed to those not yet awake.
///
/// Guarded by the pool's lock. A grant *is* the connection: whoever is woken finds it here and cannot lose it to a
/// newcomer, and whoever leaves before waking takes it out again for the next in line.
#[derive(Debug)]
pub(crate) struct Waiters<T> {
    line: BTreeMap<Ticket, Waiter>,
    granted: BTreeMap<Ticket, T>,
    front: Ticket,
    back: Ticket,
}

/// A grant just made: whom to wake once the lock is released, and where that caller asked.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) waker: Waker,
    pub(crate) by: &'static Location<'static>,
}

/// What a waiter finds when it looks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place<T> {
    Waiting,
    Granted(T),
    /// Sent away: the pool is closed.
    Gone,
}

impl<T> Waiters<T> {
    pub(crate) fn new() -> Self {
        Self { line: BTreeMap::new(), granted: BTreeMap::new(), front: 0, back: 0 }
    }

    /// How many wait for a grant.
    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }

    pub(crate) fn join_back(&mut self, waker: Waker, by: &'static Location<'static>) -> Ticket {
        self.back += 1;
        self.line.insert(self.back, Waiter { waker, by });
        self.back
    }

    /// Joins ahead of everybody: for a caller who was served before them and got a dead connection.
    pub(crate) fn join_front(&mut self, waker: Waker, by: &'static Location<'static>) -> Ticket {
        self.front -= 1;
        self.line.insert(self.front, Waiter { waker, by });
        self.front
    }

    /// Moves `value` to the head of the line, or gives it back if nobody waits.
    pub(crate) fn grant(&mut self, value: T) -> Result<Granted, T> {
        match self.line.pop_first() {
            Some((ticket, Waiter { waker, by })) => {
                self.granted.insert(ticket, value);
                Ok(Granted { waker, by })
            }
            None => Err(value),
        }
    }

    pub(crate) fn look(&mut self, ticket: Ticket, waker: &Waker) -> Place<T> {
        if let Some(waiter) = self.line.get_mut(&ticket) {
            waiter.waker.clone_from(waker);
            return Place::Waiting;
        }
        self.granted.remove(&ticket).map_or(Place::Gone, Place::Granted)
    }

    /// Leaves the line; what had been granted meanwhile comes back for the next.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<T> {
        self.line.remove(&ticket);
        self.granted.remove(&ticket)
    }

    /// Sends everybody away who has no grant yet.
    pub(crate) fn dismiss(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.line).into_values().map(|waiter| waiter.waker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(waiters: &mut Waiters<u32>) -> Ticket {
        waiters.join_back(Waker::noop().clone(), Location::caller())
    }

    #[test]
    fn grants_follow_arrival_and_the_front_comes_first() {
        let mut waiters = Waiters::new();
        let (first, second) = (join(&mut waiters), join(&mut waiters));
        let returned = waiters.join_front(Waker::noop().clone(), Location::caller());
        for value in 1..=3 {
            assert!(waiters.grant(value).is_ok());
        }
        assert_eq!(waiters.look(returned, Waker::noop()), Place::Granted(1));
        assert_eq!(waiters.look(first, Waker::noop()), Place::Granted(2));
        assert_eq!(waiters.look(second, Waker::noop()), Place::Granted(3));
        assert_eq!(waiters.grant(4).unwrap_err(), 4);
    }

    #[test]
    fn leaving_gives_the_grant_back_once() {
        let mut waiters = Waiters::new();
        let ticket = join(&mut waiters);
        assert!(waiters.grant(7).is_ok());
        assert_eq!(waiters.leave(ticket), Some(7));
        assert_eq!(waiters.leave(ticket), None);
        assert_eq!(waiters.len(), 0);
    }

    #[test]
    fn dismissal_spares_the_granted() {
        let mut waiters = Waiters::new();
        let (served, sent_away) = (join(&mut waiters), join(&mut waiters));
        assert!(waiters.grant(1).is_ok());
        assert_eq!(waiters.dismiss().len(), 1);
        assert_eq!(waiters.look(sent_away, Waker::noop()), Place::Gone);
        assert_eq!(waiters.look(served, Waker::noop()), Place::Granted(1));
    }
}
