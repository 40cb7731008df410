use std::collections::BTreeMap;
use std::panic::Location;
use std::task::Waker;

use crate::lanes::{LaneId, UNNAMED};

/// A place in a line; lower numbers came first, whatever their lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    lane: LaneId,
    number: i64,
}

/// What a waiter leaves behind while it sleeps.
#[derive(Debug)]
struct Waiter {
    waker: Waker,
    by: &'static Location<'static>,
}

/// Callers in order of arrival, a line for each lane, and what has been handed to those not yet awake.
///
/// Guarded by the pool's lock. A grant *is* the connection: whoever is woken finds it here and cannot lose it to a
/// newcomer, and whoever leaves before waking takes it out again for the next in line.
#[derive(Debug)]
pub(crate) struct Waiters<T> {
    lines: Vec<BTreeMap<i64, Waiter>>,
    granted: BTreeMap<i64, T>,
    front: i64,
    back: i64,
    waiting: usize,
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
    /// Sent away: the pool is closed, or the server is out.
    Gone,
}

impl<T> Waiters<T> {
    pub(crate) fn new() -> Self {
        Self { lines: vec![BTreeMap::new()], granted: BTreeMap::new(), front: 0, back: 0, waiting: 0 }
    }

    /// How many wait for a grant.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    /// How many wait for a grant in `lane`.
    pub(crate) fn len_of(&self, lane: LaneId) -> usize {
        self.lines.get(lane).map_or(0, BTreeMap::len)
    }

    pub(crate) fn join_back(&mut self, lane: LaneId, waker: Waker, by: &'static Location<'static>) -> Ticket {
        self.back += 1;
        self.join(Ticket { lane, number: self.back }, Waiter { waker, by })
    }

    /// Joins ahead of everybody: for a caller who was served before them and got a dead connection.
    pub(crate) fn join_front(
        &mut self,
        lane: LaneId,
        waker: Waker,
        by: &'static Location<'static>,
    ) -> Ticket {
        self.front -= 1;
        self.join(Ticket { lane, number: self.front }, Waiter { waker, by })
    }

    fn join(&mut self, ticket: Ticket, waiter: Waiter) -> Ticket {
        if self.lines.len() <= ticket.lane {
            self.lines.resize_with(ticket.lane + 1, BTreeMap::new);
        }
        self.lines[ticket.lane].insert(ticket.number, waiter);
        self.waiting += 1;
        ticket
    }

    /// The lane to serve next: of those that `rank` lets through the lowest, of equals the one whose head came first.
    #[inline]
    pub(crate) fn next(&self, rank: impl Fn(LaneId) -> Option<usize>) -> Option<LaneId> {
        if self.waiting == 0 {
            return None;
        }
        if self.lines.len() == 1 {
            return rank(UNNAMED).map(|_| UNNAMED);
        }
        let heads = self.lines.iter().enumerate().filter_map(|(lane, line)| {
            let number = line.keys().next()?;
            Some((rank(lane)?, number, lane))
        });
        heads.min().map(|(.., lane)| lane)
    }

    /// Moves `value` to the head of the line of `lane`, or gives it back if nobody waits there.
    pub(crate) fn grant(&mut self, lane: LaneId, value: T) -> Result<Granted, T> {
        match self.lines.get_mut(lane).and_then(BTreeMap::pop_first) {
            Some((number, Waiter { waker, by })) => {
                self.waiting -= 1;
                self.granted.insert(number, value);
                Ok(Granted { waker, by })
            }
            None => Err(value),
        }
    }

    pub(crate) fn look(&mut self, ticket: Ticket, waker: &Waker) -> Place<T> {
        if let Some(waiter) = self.lines[ticket.lane].get_mut(&ticket.number) {
            waiter.waker.clone_from(waker);
            return Place::Waiting;
        }
        self.granted.remove(&ticket.number).map_or(Place::Gone, Place::Granted)
    }

    /// Leaves the line; what had been granted meanwhile comes back for the next.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<T> {
        if self.lines[ticket.lane].remove(&ticket.number).is_some() {
            self.waiting -= 1;
        }
        self.granted.remove(&ticket.number)
    }

    /// Sends everybody away who has no grant yet.
    pub(crate) fn dismiss(&mut self) -> Vec<Waker> {
        self.waiting = 0;
        let lines = self.lines.iter_mut().flat_map(std::mem::take);
        lines.map(|(_, waiter)| waiter.waker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(waiters: &mut Waiters<u32>) -> Ticket {
        join_lane(waiters, UNNAMED)
    }

    fn join_lane(waiters: &mut Waiters<u32>, lane: LaneId) -> Ticket {
        waiters.join_back(lane, Waker::noop().clone(), Location::caller())
    }

    #[test]
    fn grants_follow_arrival_and_the_front_comes_first() {
        let mut waiters = Waiters::new();
        let (first, second) = (join(&mut waiters), join(&mut waiters));
        let returned = waiters.join_front(UNNAMED, Waker::noop().clone(), Location::caller());
        for value in 1..=3 {
            assert!(waiters.grant(UNNAMED, value).is_ok());
        }
        assert_eq!(waiters.look(returned, Waker::noop()), Place::Granted(1));
        assert_eq!(waiters.look(first, Waker::noop()), Place::Granted(2));
        assert_eq!(waiters.look(second, Waker::noop()), Place::Granted(3));
        assert_eq!(waiters.grant(UNNAMED, 4).unwrap_err(), 4);
    }

    #[test]
    fn the_next_is_the_lowest_rank_and_of_equals_the_first_arrival() {
        let mut waiters = Waiters::new();
        assert_eq!(waiters.next(|_| Some(0)), None);
        for lane in [2, 0, 1, 2] {
            join_lane(&mut waiters, lane);
        }
        assert_eq!(waiters.next(|_| Some(0)), Some(2));
        assert_eq!(waiters.next(|lane| (lane != 2).then_some(0)), Some(0));
        assert_eq!(waiters.next(|lane| Some(2 - lane.min(1))), Some(2), "lanes 1 and 2 hold less");
        assert_eq!(waiters.next(|_| None), None);
        assert!(waiters.grant(2, 7).is_ok());
        assert_eq!(waiters.next(|_| Some(0)), Some(0), "the other of lane 2 came last");
        assert_eq!((waiters.len(), waiters.len_of(2)), (3, 1));
    }

    #[test]
    fn leaving_gives_the_grant_back_once() {
        let mut waiters = Waiters::new();
        let ticket = join(&mut waiters);
        assert!(waiters.grant(UNNAMED, 7).is_ok());
        assert_eq!(waiters.leave(ticket), Some(7));
        assert_eq!(waiters.leave(ticket), None);
        assert_eq!(waiters.len(), 0);
    }

    #[test]
    fn dismissal_spares_the_granted() {
        let mut waiters = Waiters::new();
        let (served, sent_away) = (join(&mut waiters), join(&mut waiters));
        assert!(waiters.grant(UNNAMED, 1).is_ok());
        assert_eq!(waiters.dismiss().len(), 1);
        assert_eq!(waiters.len(), 0);
        assert_eq!(waiters.look(sent_away, Waker::noop()), Place::Gone);
        assert_eq!(waiters.look(served, Waker::noop()), Place::Granted(1));
    }
}
