use super::{
    Priority,
    line::{Line, Rules, Ticket, Turn},
    priority::Shares,
    word::Word,
};
use crate::sync::{AtomicU64, Mutex, Ordering};
use crossbeam_utils::CachePadded;
use std::{sync::atomic::AtomicU32, task::Waker, time::Duration};
use tokio::time::Instant;

/// A number of places and the line for them.
///
/// While nobody waits, entering is one compare-and-swap on `word` and leaving is one subtraction; the lock is for the
/// line alone. Three rules hold it together:
///
/// - The waiting flag in `word` is set exactly while the line is not empty. It changes only under the lock.
/// - It is set in the same compare-and-swap that sees no place free, so whoever leaves afterwards sees the flag, and
///   looks at the line: no wake-up is lost.
/// - The fast path is closed while the flag is set, so a newcomer joins the line and nobody is overtaken.
///
/// A ticket is granted by taking the place for it under the lock. Wakers are woken and dropped outside it.
#[derive(Debug)]
pub(crate) struct Places {
    word: CachePadded<AtomicU64>,
    shares: AtomicU32,
    line: Mutex<Line>,
}

/// What one who asks for a place gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A place.
    Entered,
    /// A place that the limit does not have, in shadow mode; and whether without it there would have been none in line.
    OverLimit { would_reject: bool },
    /// A place in line.
    Queued(Ticket),
    /// Nothing.
    Full { queued: usize },
}

/// How places stand at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) limit: usize,
    pub(crate) running: usize,
    pub(crate) queued: usize,
    pub(crate) longest_wait: Duration,
}

impl Places {
    pub(crate) fn new(limit: usize, shares: Shares, rules: Rules) -> Self {
        Self {
            word: CachePadded::new(AtomicU64::new(Word::new(limit).bits())),
            shares: AtomicU32::new(shares.bits()),
            line: Mutex::new(Line::new(rules)),
        }
    }

    fn load(&self) -> Word {
        Word::from_bits(self.word.load(Ordering::Acquire))
    }

    fn swap(&self, from: Word, to: Word) -> bool {
        self.word.compare_exchange(from.bits(), to.bits(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    pub(crate) fn limit(&self) -> usize {
        self.load().limit()
    }

    pub(crate) fn running(&self) -> usize {
        self.load().running()
    }

    pub(crate) fn counts(&self) -> Counts {
        let line = self.line.lock();
        let word = self.load();
        let (queued, longest_wait) = (line.len(), line.longest_wait());
        Counts { limit: word.limit(), running: word.running(), queued, longest_wait }
    }

    /// Takes a place if one is free and nobody waits; all that the uncontended path does.
    #[inline]
    pub(crate) fn try_enter(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let seen = Word::from_bits(word);
            if seen.is_waiting() || seen.running() >= seen.limit() {
                return false;
            }
            let entered = seen.entered().bits();
            match self.word.compare_exchange_weak(word, entered, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(changed) => word = changed,
            }
        }
    }

    /// As [`try_enter`](Self::try_enter), within the share of `priority`; answers how many then run.
    #[inline]
    pub(crate) fn try_enter_share(&self, priority: Priority) -> Option<usize> {
        let shares = self.shares();
        loop {
            let seen = self.load();
            if seen.is_waiting() || seen.running() >= shares.of(seen.limit(), priority) {
                return None;
            }
            if self.swap(seen, seen.entered()) {
                return Some(seen.entered().running());
            }
        }
    }

    /// Takes a place, or one in line.
    pub(crate) fn enter(&self, priority: Priority, since: Instant, waker: &Waker) -> Entry {
        let waker = waker.clone();
        let shares = self.shares();
        let mut line = self.line.lock();
        loop {
            let word = self.load();
            let overtakes = line.foremost().is_some_and(|foremost| foremost >= priority);
            if !overtakes && word.running() < shares.of(word.limit(), priority) {
                if self.swap(word, word.entered()) {
                    return Entry::Entered;
                }
            } else if line.rules.shadow {
                let before = Word::from_bits(self.word.fetch_add(Word::ONE, Ordering::AcqRel));
                let would_wait = before.running().saturating_sub(before.limit());
                return Entry::OverLimit { would_reject: would_wait >= line.rules.max_queued };
            } else if word.is_waiting() || line.rules.max_queued == 0 || self.swap(word, word.with_waiting())
            {
                break;
            }
        }
        let mut displaced = None;
        if line.len() >= line.rules.max_queued {
            displaced = line.displace(priority);
            if displaced.is_none() {
                return Entry::Full { queued: line.len() };
            }
        }
        let ticket = line.join(priority, since, waker);
        drop(line);
        if let Some(waiter) = displaced {
            waiter.waker.wake();
        }
        Entry::Queued(ticket)
    }

    /// What has become of the ticket; while it waits, `waker` is the one to wake.
    pub(crate) fn turn(&self, ticket: &Ticket, waker: &Waker) -> Turn {
        let mut line = self.line.lock();
        let (turn, stale) = line.turn(ticket, waker);
        drop(line);
        drop(stale);
        turn
    }

    /// Gives the ticket up: out of the line, or on to the next if its place had come unseen.
    pub(crate) fn give_up(&self, ticket: &Ticket) {
        let mut line = self.line.lock();
        let (turn, waiter) = line.give_up(ticket);
        self.lower_flag(&line);
        drop(line);
        drop(waiter);
        match turn {
            Turn::Granted => self.leave(),
            Turn::Waits | Turn::Shed(_) => {}
        }
    }

    /// Gives a place back, to whoever is next in line if anybody waits.
    #[inline]
    pub(crate) fn leave(&self) {
        if self.vacate() {
            self.pass_on();
        }
    }

    /// The first half of [`leave`](Self::leave); the second, [`pass_on`](Self::pass_on), is due if it answers `true`.
    #[inline]
    pub(crate) fn vacate(&self) -> bool {
        Word::from_bits(self.word.fetch_sub(Word::ONE, Ordering::AcqRel)).is_waiting()
    }

    /// Changes the limit. What a cut takes away is paid by those who leave; growth is granted to the line by
    /// [`grant_all`](Self::grant_all), which is due afterwards.
    pub(crate) fn set_limit(&self, limit: usize) {
        loop {
            let word = self.load();
            if self.swap(word, word.with_limit(limit)) {
                return;
            }
        }
    }

    /// Changes limit, shares and the rules of the line in one step; whoever waits goes on waiting under the new ones.
    /// `also` is done in the same step, so that of two changes at a time one stands, whole.
    /// [`grant_all`](Self::grant_all) is due afterwards.
    pub(crate) fn set(&self, limit: usize, shares: Shares, rules: Rules, also: impl FnOnce()) {
        let mut line = self.line.lock();
        also();
        self.set_limit(limit);
        self.shares.store(shares.bits(), std::sync::atomic::Ordering::Relaxed);
        line.rules = rules;
    }

    fn shares(&self) -> Shares {
        Shares::from_bits(self.shares.load(std::sync::atomic::Ordering::Relaxed))
    }

    /// Grants what is free, as long as it is worth the lock.
    #[cold]
    pub(crate) fn pass_on(&self) {
        loop {
            let word = self.load();
            if !word.is_waiting() || word.running() >= word.limit() || !self.grant_next() {
                return;
            }
        }
    }

    /// Grants what is free to the line, in its order.
    pub(crate) fn grant_all(&self) {
        while self.grant_next() {}
    }

    /// Grants a free place to whoever is next, or sheds them; `false` if nobody is next or no place is free for them.
    fn grant_next(&self) -> bool {
        let mut line = self.line.lock();
        let word = self.load();
        let Some(foremost) = line.foremost() else { return false };
        if !line.rules.shadow && word.running() >= self.shares().of(word.limit(), foremost) {
            return false;
        }
        let Some((waiter, shed)) = line.next() else { return false };
        if shed.is_none() {
            // With the flag up nobody enters but under the lock, so the place seen free is still free.
            self.word.fetch_add(Word::ONE, Ordering::AcqRel);
        }
        self.lower_flag(&line);
        drop(line);
        waiter.waker.wake();
        true
    }

    fn lower_flag(&self, line: &Line) {
        if line.is_empty() {
            self.word.fetch_and(!Word::WAITING, Ordering::AcqRel);
        }
    }
}
