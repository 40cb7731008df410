//! The model: what it knows of a pool, and what must hold.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::checkouts::Caller;
use crate::config::{LaneConfig, PoolConfig};
use crate::deferred::Deferred;
use crate::lanes::UNNAMED;
use crate::live::Live;
use crate::magazine::Magazines;
use crate::state::{State, Taken};
use crate::waiters;

pub(super) const LANES: usize = 3;
pub(super) const MOST_CONNECTING: usize = 3;
pub(super) const THREADS: usize = 2;

pub(super) type Ticket = waiters::Ticket<Taken<()>>;
pub(super) type Connection = Box<Live<()>>;
pub(super) type Error = std::fmt::Error;

/// Who waits: a number that grows with the arrivals, below zero for those who were served before and got a dead connection.
pub(super) type Who = i64;

pub(super) struct Alarm {
    pub(super) who: Who,
    pub(super) woken: Arc<Mutex<Vec<Who>>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap().push(self.who);
    }
}

/// A connect task: about to ask, or connecting since that epoch.
#[derive(Clone, Copy)]
pub(super) enum Task {
    Asks,
    Connects(u64),
}

/// What one run has seen; a run that sees nothing proves nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) grants: usize,
    pub(super) passed_on: usize,
    pub(super) closed: usize,
    pub(super) held_up: usize,
    pub(super) debts: usize,
    pub(super) stayed: usize,
}

pub(super) struct Model {
    pub(super) state: State<(), Error>,
    pub(super) magazines: Magazines<(), ()>,
    /// Lie with their threads; out to the state, in the lane of those who name none.
    pub(super) stayed: usize,
    pub(super) says_goodbye: bool,
    /// Few ask at a time: nobody waits for most of the run, and connections stay with their threads.
    pub(super) calm: bool,
    pub(super) now: Instant,
    pub(super) woken: Arc<Mutex<Vec<Who>>>,
    pub(super) arrivals: Who,
    pub(super) returners: Who,
    pub(super) lines: [VecDeque<(Who, Ticket)>; LANES],
    pub(super) granted: Vec<(Ticket, usize)>,
    pub(super) out: Vec<(Connection, usize)>,
    pub(super) in_use: [usize; LANES],
    pub(super) tended: Vec<(Connection, bool)>,
    pub(super) leaving: Vec<Connection>,
    pub(super) tasks: Vec<Task>,
    pub(super) open: usize,
    pub(super) size_before: usize,
    pub(super) suspended: bool,
    pub(super) drained: bool,
    pub(super) seen: Seen,
}

pub(super) fn config(max: usize, guaranteed: usize, cap: usize) -> PoolConfig {
    let span = |secs| Some(Duration::from_secs(secs));
    PoolConfig::default()
        .min(1)
        .max(max)
        .max_connecting(MOST_CONNECTING)
        .keepalive(span(20))
        .idle_timeout(span(60))
        .max_lifetime(span(200))
        .clock_resolution(Duration::from_millis(10))
        .thread_affinity(true)
        .lane("first", LaneConfig::default().guaranteed(guaranteed.min(max - 1)))
        .lane("second", LaneConfig::default().cap(cap.clamp(1, max)))
        .seed(1)
}

impl Model {
    pub(super) fn new(says_goodbye: bool, calm: bool) -> Self {
        let now = Instant::now();
        Self {
            state: State::new(Arc::new(config(4, 1, 2)), says_goodbye, now),
            magazines: Magazines::with(THREADS),
            stayed: 0,
            says_goodbye,
            calm,
            now,
            woken: Arc::default(),
            arrivals: 0,
            returners: 0,
            lines: Default::default(),
            granted: Vec::new(),
            out: Vec::new(),
            in_use: [0; LANES],
            tended: Vec::new(),
            leaving: Vec::new(),
            tasks: Vec::new(),
            open: 0,
            size_before: 0,
            suspended: false,
            drained: false,
            seen: Seen::default(),
        }
    }

    /// As the pool does it: with everything called in.
    pub(super) fn transition<R>(
        &mut self,
        step: impl FnOnce(&mut State<(), Error>, &mut Deferred<(), Error>) -> R,
    ) -> R {
        self.in_use[UNNAMED] -= std::mem::take(&mut self.stayed);
        self.exchange(|magazines, state, later| {
            magazines.call_in(state, later);
            step(state, later)
        })
    }

    pub(super) fn exchange<R>(
        &mut self,
        step: impl FnOnce(&Magazines<(), ()>, &mut State<(), Error>, &mut Deferred<(), Error>) -> R,
    ) -> R {
        let mut later = Deferred::new();
        let outcome = step(&self.magazines, &mut self.state, &mut later);
        self.state.settle(&mut later);
        self.tasks.extend(std::iter::repeat_n(Task::Asks, later.connects));
        self.drained = later.drained;
        if let Some(waker) = later.take_waker() {
            waker.wake();
        }
        if let Some(leftovers) = later.take_leftovers() {
            leftovers.wake_all.into_iter().for_each(Waker::wake);
            self.seen.closed += leftovers.retired.len();
            let retired = leftovers.retired.into_iter().map(|(live, _)| live);
            if self.says_goodbye {
                self.leaving.extend(retired);
            } else {
                self.open -= retired.count();
            }
        }
        outcome
    }

    pub(super) fn caller(lane: usize) -> Caller {
        Caller { by: Location::caller(), lane, backtrace: None }
    }

    pub(super) fn limits(&self, lane: usize) -> (usize, usize) {
        let config = self.state.config();
        let named = ["first", "second"].get(lane.wrapping_sub(1)).map(|name| config.lanes[*name]);
        let cap = named.and_then(|named| named.cap).unwrap_or(usize::MAX);
        (named.map_or(0, |named| named.guaranteed), cap)
    }

    /// The rule in so many words: below the cap, and within the guarantee or leaving enough for everybody else's.
    pub(super) fn admits(&self, lane: usize) -> bool {
        let (guaranteed, cap) = self.limits(lane);
        let others = (0..LANES).filter(|other| *other != lane);
        let kept: usize = others.map(|other| self.limits(other).0.saturating_sub(self.in_use[other])).sum();
        let taken: usize = self.in_use.iter().sum();
        let free = taken + kept < self.state.config().max;
        self.in_use[lane] < cap && (self.in_use[lane] < guaranteed || free)
    }

    /// Who must be served next if a connection is at hand.
    pub(super) fn next(&self) -> Option<Who> {
        let heads = (0..LANES).filter(|lane| self.admits(*lane)).filter_map(|lane| {
            let (who, _) = self.lines[lane].front()?;
            Some((self.in_use[lane], *who))
        });
        heads.min().map(|(_, who)| who)
    }

    /// Takes the grants of a transition in, each of which must have gone to whoever was next.
    pub(super) fn note_grants(&mut self) {
        for who in std::mem::take(&mut *self.woken.lock().unwrap()) {
            assert_eq!(self.next(), Some(who), "served out of turn");
            let lane = (0..LANES).find(|lane| self.lines[*lane].front().is_some_and(|head| head.0 == who));
            let lane = lane.expect("it is next in its line");
            let (_, ticket) = self.lines[lane].pop_front().unwrap();
            self.granted.push((ticket, lane));
            self.in_use[lane] += 1;
            self.seen.grants += 1;
        }
    }

    pub(super) fn check(&mut self) {
        self.note_grants();
        let (status, _) = self.state.status("model".into(), self.now);
        let waiting: usize = self.lines.iter().map(VecDeque::len).sum();
        assert_eq!(status.size, status.idle + status.in_use + status.connecting, "{status}");
        assert!(status.size <= status.max + status.debt, "{status}");
        assert!(status.size <= self.size_before.max(status.max), "grew over its maximum: {status}");
        assert_eq!(status.waiting, waiting, "{status}");
        assert_eq!(status.connecting, self.tasks.len(), "{status}");
        assert!(status.connecting <= MOST_CONNECTING, "{status}");
        assert!(
            self.stayed == 0 || (waiting == 0 && !self.suspended),
            "somebody waits beside a thread's own"
        );
        self.seen.stayed += self.stayed;
        let out = self.out.len() + self.granted.len() + self.stayed;
        assert_eq!(self.in_use.iter().sum::<usize>(), out);
        assert_eq!(status.in_use, out + self.tended.len() + self.leaving.len(), "{status}");
        assert_eq!(self.open, status.idle + status.in_use, "a connection was lost: {status}");
        if status.idle > 0 && !self.suspended {
            assert_eq!(self.next(), None, "somebody waits beside an idle connection: {status}");
        }
        for lane in 1..LANES {
            assert_eq!(
                (status.lanes[lane - 1].in_use, status.lanes[lane - 1].waiting),
                (self.in_use[lane], self.lines[lane].len())
            );
        }
        self.seen.debts += usize::from(status.debt > 0);
        self.seen.held_up += usize::from(waiting > 0 && status.idle > 0);
        self.size_before = status.size;
    }
}
