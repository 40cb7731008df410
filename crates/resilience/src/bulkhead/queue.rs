use parking_lot::Mutex;
use std::{collections::VecDeque, task::Waker};

/// The places and the line for them. One short lock guards all of it; wakers are woken after it is let go.
///
/// A place that is given back goes straight to the head of the line, so a newcomer cannot overtake: while anybody
/// waits, every place is taken. A ticket leaves the line in two ways only, by being granted or by giving up, so a
/// waiter whose ticket is gone has its place.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    running: usize,
    next_ticket: u64,
    /// By rising ticket.
    line: VecDeque<(u64, Waker)>,
}

/// A waiter's place in the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

pub(super) enum Entry {
    Granted,
    Queued(Ticket),
    Full { queued: usize },
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::new(Inner { running: 0, next_ticket: 0, line: VecDeque::new() }) }
    }

    /// Takes a place, or one in the line.
    #[inline]
    pub(super) fn enter(&self, max_concurrent: usize, max_queued: usize, waker: &Waker) -> Entry {
        let mut inner = self.inner.lock();
        if inner.running < max_concurrent {
            inner.running += 1;
            return Entry::Granted;
        }
        if inner.line.len() >= max_queued {
            return Entry::Full { queued: inner.line.len() };
        }
        let ticket = inner.next_ticket;
        inner.next_ticket += 1;
        inner.line.push_back((ticket, waker.clone()));
        Entry::Queued(Ticket(ticket))
    }

    /// Whether the ticket's place has come; if not, `waker` is the one to wake.
    pub(super) fn is_granted(&self, ticket: &Ticket, waker: &Waker) -> bool {
        let mut inner = self.inner.lock();
        let Ok(at) = inner.line.binary_search_by_key(&ticket.0, |(ticket, _)| *ticket) else { return true };
        let known = &mut inner.line[at].1;
        if !known.will_wake(waker) {
            known.clone_from(waker);
        }
        false
    }

    /// Gives the ticket up: out of the line, or on to the next if its place had come unseen.
    pub(super) fn give_up(&self, ticket: &Ticket) {
        let mut inner = self.inner.lock();
        if let Ok(at) = inner.line.binary_search_by_key(&ticket.0, |(ticket, _)| *ticket) {
            inner.line.remove(at);
        } else {
            drop(inner);
            self.leave();
        }
    }

    /// Gives a place back, to the head of the line if anybody waits.
    #[inline]
    pub(super) fn leave(&self) {
        let mut inner = self.inner.lock();
        let next = inner.line.pop_front();
        if next.is_none() {
            inner.running -= 1;
        }
        drop(inner);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        let inner = self.inner.lock();
        (inner.running, inner.line.len())
    }
}
