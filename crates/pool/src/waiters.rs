use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::lanes::{LaneId, UNNAMED};
use crate::waiter::Waiter;

/// A place in a line; lower numbers came first, whatever their lane.
#[derive(Debug)]
pub(crate) struct Ticket<T> {
    pub(crate) waiter: Arc<Waiter<T>>,
    number: i64,
}

/// The line of a lane: who has left it out of turn has left a gap, which goes when it comes to an end or when gaps are the most of it.
#[derive(Debug)]
struct Line<T> {
    queue: VecDeque<(i64, Option<Arc<Waiter<T>>>)>,
    waiting: usize,
}

/// Callers in order of arrival, a line for each lane.
///
/// Guarded by the pool's lock. A grant *is* the connection, moved to the [`Waiter`]: whoever is woken finds it there and cannot lose it to
/// a newcomer, and whoever leaves before waking takes it out again for the next in line.
#[derive(Debug)]
pub(crate) struct Waiters<T> {
    lines: Vec<Line<T>>,
    front: i64,
    back: i64,
    waiting: usize,
    /// Who came up to here has been reminded, and who came up to there is next.
    reminded: i64,
    to_remind: i64,
}

/// The fewest gaps worth closing.
const GAPS: usize = 16;

impl<T> Line<T> {
    fn new() -> Self {
        Self { queue: VecDeque::new(), waiting: 0 }
    }

    /// The number of the first; there is no gap ahead of it.
    #[inline]
    fn head(&self) -> Option<i64> {
        self.queue.front().map(|(number, _)| *number)
    }

    #[inline]
    fn pop(&mut self) -> Option<Arc<Waiter<T>>> {
        let (_, first) = self.queue.pop_front()?;
        self.waiting -= 1;
        self.close_gaps();
        first
    }

    fn remove(&mut self, number: i64) -> bool {
        let Ok(at) = self.queue.binary_search_by_key(&number, |(number, _)| *number) else { return false };
        if self.queue[at].1.take().is_none() {
            return false;
        }
        self.waiting -= 1;
        self.close_gaps();
        true
    }

    #[inline]
    fn close_gaps(&mut self) {
        while let Some((_, None)) = self.queue.front() {
            self.queue.pop_front();
        }
        if self.queue.len() > 2 * self.waiting + GAPS {
            self.queue.retain(|(_, waiter)| waiter.is_some());
        }
    }
}

impl<T> Waiters<T> {
    pub(crate) fn new() -> Self {
        Self { lines: vec![Line::new()], front: 0, back: 0, waiting: 0, reminded: 0, to_remind: 0 }
    }

    /// How many wait for a grant.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    /// How many wait for a grant in `lane`.
    pub(crate) fn len_of(&self, lane: LaneId) -> usize {
        self.lines.get(lane).map_or(0, |line| line.waiting)
    }

    pub(crate) fn join_back(&mut self, waiter: Arc<Waiter<T>>) -> Ticket<T> {
        self.back += 1;
        let number = self.back;
        self.line(waiter.lane).queue.push_back((number, Some(Arc::clone(&waiter))));
        Ticket { waiter, number }
    }

    /// Joins ahead of everybody: for a caller who was served before them and got a dead connection.
    pub(crate) fn join_front(&mut self, waiter: Arc<Waiter<T>>) -> Ticket<T> {
        self.front -= 1;
        let number = self.front;
        self.line(waiter.lane).queue.push_front((number, Some(Arc::clone(&waiter))));
        Ticket { waiter, number }
    }

    /// The line that one more joins.
    fn line(&mut self, lane: LaneId) -> &mut Line<T> {
        if self.lines.len() <= lane {
            self.lines.resize_with(lane + 1, Line::new);
        }
        self.waiting += 1;
        let line = &mut self.lines[lane];
        line.waiting += 1;
        line
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
            let number = line.head()?;
            Some((rank(lane)?, number, lane))
        });
        heads.min().map(|(.., lane)| lane)
    }

    /// Takes the head of the line of `lane` out, for a grant.
    #[inline]
    pub(crate) fn pop(&mut self, lane: LaneId) -> Option<Arc<Waiter<T>>> {
        let first = self.lines.get_mut(lane)?.pop();
        self.waiting -= usize::from(first.is_some());
        first
    }

    /// Leaves the line; what had been granted meanwhile comes back for the next.
    pub(crate) fn leave(&mut self, ticket: &Ticket<T>) -> Option<T> {
        if self.lines[ticket.waiter.lane].remove(ticket.number) {
            self.waiting -= 1;
        }
        ticket.waiter.leave()
    }

    /// Sends everybody away who has no grant yet.
    pub(crate) fn dismiss(&mut self) -> Vec<Waker> {
        self.waiting = 0;
        let lines = self.lines.iter_mut().map(|line| std::mem::replace(line, Line::new()));
        let waiters = lines.flat_map(|line| line.queue).filter_map(|(_, waiter)| waiter);
        waiters.filter_map(|waiter| waiter.dismiss()).collect()
    }

    /// Those who joined at the back between the last two calls but one, or since then too if it is the `last` call: each is
    /// reminded once that it waits.
    pub(crate) fn remind(&mut self, last: bool) -> Vec<Waker> {
        let from = std::mem::replace(&mut self.reminded, if last { self.back } else { self.to_remind });
        self.to_remind = self.back;
        if self.waiting == 0 || from == self.reminded {
            return Vec::new();
        }
        let mut wakers = Vec::new();
        for line in &self.lines {
            let start = line.queue.partition_point(|(number, _)| *number <= from);
            let came = line.queue.range(start..).take_while(|(number, _)| *number <= self.reminded);
            wakers.extend(came.filter_map(|(_, waiter)| waiter.as_ref()?.waker()));
        }
        wakers
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::checkouts::Caller;
    use crate::waiter::Place;

    fn join(waiters: &mut Waiters<u32>) -> Ticket<u32> {
        join_lane(waiters, UNNAMED)
    }

    fn waiter(lane: LaneId) -> Arc<Waiter<u32>> {
        let caller = Caller { by: Location::caller(), lane, backtrace: None };
        Waiter::new(&caller, Waker::noop().clone())
    }

    fn join_lane(waiters: &mut Waiters<u32>, lane: LaneId) -> Ticket<u32> {
        waiters.join_back(waiter(lane))
    }

    fn grant(waiters: &mut Waiters<u32>, lane: LaneId, value: u32) -> bool {
        waiters.pop(lane).map(|waiter| waiter.grant(value)).is_some()
    }

    fn look(ticket: &Ticket<u32>) -> Place<u32> {
        ticket.waiter.look(Waker::noop())
    }

    #[test]
    fn grants_follow_arrival_and_the_front_comes_first() {
        let mut waiters = Waiters::new();
        let (first, second) = (join(&mut waiters), join(&mut waiters));
        let returned = waiters.join_front(waiter(UNNAMED));
        for value in 1..=3 {
            assert!(grant(&mut waiters, UNNAMED, value));
        }
        assert_eq!(look(&returned), Place::Granted(1));
        assert_eq!(look(&first), Place::Granted(2));
        assert_eq!(look(&second), Place::Granted(3));
        assert!(!grant(&mut waiters, UNNAMED, 4));
    }

    #[test]
    fn the_next_is_the_lowest_rank_and_of_equals_the_first_arrival() {
        let mut waiters = Waiters::new();
        assert_eq!(waiters.next(|_| Some(0)), None);
        let _places: Vec<_> = [2, 0, 1, 2].map(|lane| join_lane(&mut waiters, lane)).into();
        assert_eq!(waiters.next(|_| Some(0)), Some(2));
        assert_eq!(waiters.next(|lane| (lane != 2).then_some(0)), Some(0));
        assert_eq!(waiters.next(|lane| Some(2 - lane.min(1))), Some(2), "lanes 1 and 2 hold less");
        assert_eq!(waiters.next(|_| None), None);
        assert!(grant(&mut waiters, 2, 7));
        assert_eq!(waiters.next(|_| Some(0)), Some(0), "the other of lane 2 came last");
        assert_eq!((waiters.len(), waiters.len_of(2)), (3, 1));
    }

    #[test]
    fn leaving_gives_the_grant_back_once() {
        let mut waiters = Waiters::new();
        let ticket = join(&mut waiters);
        assert!(grant(&mut waiters, UNNAMED, 7));
        assert_eq!(waiters.leave(&ticket), Some(7));
        assert_eq!(waiters.leave(&ticket), None);
        assert_eq!(waiters.len(), 0);
    }

    #[test]
    fn who_leaves_out_of_turn_is_passed_over_and_leaves_no_more_than_so_many_gaps() {
        let mut waiters = Waiters::new();
        let (first, second) = (join(&mut waiters), join(&mut waiters));
        for _ in 0..1_000 {
            let hasty = join(&mut waiters);
            assert_eq!(waiters.leave(&hasty), None);
        }
        let last = join(&mut waiters);
        assert_eq!(waiters.leave(&first), None);
        assert_eq!(waiters.len(), 2);
        assert!(waiters.lines[UNNAMED].queue.len() <= 2 * waiters.len() + GAPS);
        assert!(grant(&mut waiters, UNNAMED, 1) && grant(&mut waiters, UNNAMED, 2));
        assert_eq!((look(&second), look(&last)), (Place::Granted(1), Place::Granted(2)));
        assert_eq!((waiters.len(), waiters.lines[UNNAMED].queue.len()), (0, 0));
    }

    #[test]
    fn dismissal_spares_the_granted() {
        let mut waiters = Waiters::new();
        let (served, sent_away) = (join(&mut waiters), join(&mut waiters));
        assert!(grant(&mut waiters, UNNAMED, 1));
        assert_eq!(waiters.dismiss().len(), 1);
        assert_eq!(waiters.len(), 0);
        assert_eq!(look(&sent_away), Place::Gone);
        assert_eq!(look(&served), Place::Granted(1));
    }

    #[test]
    fn who_has_waited_for_a_whole_round_is_reminded_once() {
        let mut waiters = Waiters::new();
        let _early = join(&mut waiters);
        assert_eq!(waiters.remind(false).len(), 0, "it may have come a moment ago");
        let _late = join_lane(&mut waiters, 1);
        assert_eq!(waiters.remind(false).len(), 1, "the early");
        assert_eq!(waiters.remind(false).len(), 1, "the late");
        assert_eq!(waiters.remind(false).len(), 0);
        let _last = join(&mut waiters);
        assert_eq!(waiters.remind(true).len(), 1, "nobody else will do it");
        assert_eq!(waiters.remind(false).len(), 0);
    }
}
