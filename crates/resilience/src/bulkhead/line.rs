use super::{Discipline, Priority, codel::Codel};
use crate::ShedReason;
use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
    time::Duration,
};
use tokio::time::Instant;

/// Who waits, and in what order they go: all that the lock of [`Places`](super::places::Places) guards.
///
/// A ticket leaves the line in three ways: granted, shed (and then noted in `shed` until its holder looks), or given up
/// by its holder. So a ticket that is neither in line nor noted has its place.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) rules: Rules,
    next_ticket: u64,
    /// By priority; within each by rising ticket, and so by falling wait.
    waiters: [VecDeque<Waiter>; Priority::ALL.len()],
    len: usize,
    shed: BTreeMap<u64, ShedReason>,
    codel: Codel,
}

/// How a line is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Most who may wait.
    pub(crate) max_queued: usize,
    /// Who is next.
    pub(crate) discipline: Discipline,
    /// Nobody is made to wait: the limit is only watched.
    pub(crate) shadow: bool,
}

#[derive(Debug)]
pub(super) struct Waiter {
    ticket: u64,
    since: Instant,
    pub(super) waker: Waker,
}

/// A place in the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    number: u64,
    priority: Priority,
}

/// What has become of a ticket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is still in line.
    Waits,
    /// Its place is taken for it.
    Granted,
    /// It was taken out of the line.
    Shed(ShedReason),
}

impl Line {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            next_ticket: 0,
            waiters: Default::default(),
            len: 0,
            shed: BTreeMap::new(),
            codel: Codel::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The highest priority that waits.
    pub(super) fn foremost(&self) -> Option<Priority> {
        Priority::ALL.into_iter().rev().find(|priority| !self.waiters[*priority as usize].is_empty())
    }

    pub(super) fn longest_wait(&self) -> Duration {
        let eldest = self.waiters.iter().filter_map(|line| Some(line.front()?.since)).min();
        eldest.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// To the end of its priority's line.
    pub(super) fn join(&mut self, priority: Priority, since: Instant, waker: Waker) -> Ticket {
        let number = self.next_ticket;
        self.next_ticket += 1;
        self.waiters[priority as usize].push_back(Waiter { ticket: number, since, waker });
        self.len += 1;
        Ticket { number, priority }
    }

    /// Sheds the newest waiter of the lowest priority, if that is below `priority`.
    pub(super) fn displace(&mut self, priority: Priority) -> Option<Waiter> {
        let line = self.waiters[..priority as usize].iter_mut().find(|line| !line.is_empty())?;
        let waiter = line.pop_back()?;
        self.len -= 1;
        self.shed.insert(waiter.ticket, ShedReason::Priority);
        Some(waiter)
    }

    /// Takes out whoever is next, and says whether to shed it; it is noted if so.
    pub(super) fn next(&mut self) -> Option<(Waiter, Option<ShedReason>)> {
        let newest_first =
            matches!(self.rules.discipline, Discipline::AdaptiveLifo { fifo_up_to } if self.len > fifo_up_to);
        let line = &mut self.waiters[self.foremost()? as usize];
        let waiter = if newest_first { line.pop_back()? } else { line.pop_front()? };
        let overdue = match self.rules.discipline {
            Discipline::Codel { target, interval } => {
                let now = Instant::now();
                self.codel.is_overdue(target, interval, now.saturating_duration_since(waiter.since), now)
            }
            Discipline::Fifo | Discipline::AdaptiveLifo { .. } => false,
        };
        self.left();
        let shed = overdue.then_some(ShedReason::Overdue);
        if let Some(reason) = shed {
            self.shed.insert(waiter.ticket, reason);
        }
        Some((waiter, shed))
    }

    /// What has become of the ticket. While it waits, `waker` is the one to wake; the one known before is handed back,
    /// to be dropped outside the lock.
    pub(super) fn turn(&mut self, ticket: &Ticket, waker: &Waker) -> (Turn, Option<Waker>) {
        let Some(at) = self.find(ticket) else {
            let turn = self.shed.remove(&ticket.number).map_or(Turn::Granted, Turn::Shed);
            return (turn, None);
        };
        let known = &mut self.waiters[ticket.priority as usize][at].waker;
        let stale = (!known.will_wake(waker)).then(|| std::mem::replace(known, waker.clone()));
        (Turn::Waits, stale)
    }

    /// Takes the ticket out; what had become of it, and its waiter, if it still waited, to be dropped outside the lock.
    pub(super) fn give_up(&mut self, ticket: &Ticket) -> (Turn, Option<Waiter>) {
        let Some(at) = self.find(ticket) else {
            return (self.shed.remove(&ticket.number).map_or(Turn::Granted, Turn::Shed), None);
        };
        let waiter = self.waiters[ticket.priority as usize].remove(at);
        self.left();
        (Turn::Waits, waiter)
    }

    fn find(&self, ticket: &Ticket) -> Option<usize> {
        self.waiters[ticket.priority as usize]
            .binary_search_by_key(&ticket.number, |waiter| waiter.ticket)
            .ok()
    }

    fn left(&mut self) {
        self.len -= 1;
        if self.len == 0 {
            self.codel.emptied();
        }
    }
}
