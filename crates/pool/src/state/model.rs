//! A million random steps beside a model that knows the rules and nothing of how they are kept.
//!
//! `MAINSTAY_POOL_MODEL_STEPS=100000000` makes it longer, `MAINSTAY_POOL_MODEL_SEED=7` another. A failure is shrunk to a short list of
//! steps.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::time::Instant;

use super::{ConnectStep, State, Taken};
use crate::checkouts::Caller;
use crate::config::{LaneConfig, PoolConfig};
use crate::deferred::Deferred;
use crate::error::Fault;
use crate::live::Live;
use crate::observer::CloseReason;
use crate::waiters::{Place, Ticket};

const LANES: usize = 3;
const LENGTH: usize = 250;
const MOST_CONNECTING: usize = 3;

type Connection = Box<Live<()>>;
type Error = std::fmt::Error;

/// Who waits: a number that grows with the arrivals, below zero for those who were served before and got a dead connection.
type Who = i64;

struct Alarm {
    who: Who,
    woken: Arc<Mutex<Vec<Who>>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap().push(self.who);
    }
}

/// A connect task: about to ask, or connecting since that epoch.
#[derive(Clone, Copy)]
enum Task {
    Asks,
    Connects(u64),
}

/// What one run has seen; a run that sees nothing proves nothing.
#[derive(Clone, Copy, Default)]
struct Seen {
    grants: usize,
    passed_on: usize,
    closed: usize,
    held_up: usize,
    debts: usize,
}

struct Model {
    state: State<(), Error>,
    says_goodbye: bool,
    now: Instant,
    woken: Arc<Mutex<Vec<Who>>>,
    arrivals: Who,
    returners: Who,
    lines: [VecDeque<(Who, Ticket)>; LANES],
    granted: Vec<(Ticket, usize)>,
    out: Vec<(Connection, usize)>,
    in_use: [usize; LANES],
    tended: Vec<(Connection, bool)>,
    leaving: Vec<Connection>,
    tasks: Vec<Task>,
    open: usize,
    size_before: usize,
    suspended: bool,
    drained: bool,
    seen: Seen,
}

fn config(max: usize, guaranteed: usize, cap: usize) -> PoolConfig {
    let span = |secs| Some(Duration::from_secs(secs));
    PoolConfig::default()
        .min(1)
        .max(max)
        .max_connecting(MOST_CONNECTING)
        .keepalive(span(20))
        .idle_timeout(span(60))
        .max_lifetime(span(200))
        .fail_fast_after(None)
        .lane("first", LaneConfig::default().guaranteed(guaranteed.min(max - 1)))
        .lane("second", LaneConfig::default().cap(cap.clamp(1, max)))
        .seed(1)
}

impl Model {
    fn new(says_goodbye: bool) -> Self {
        let now = Instant::now();
        Self {
            state: State::new(Arc::new(config(4, 1, 2)), says_goodbye, now),
            says_goodbye,
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

    fn transition<R>(
        &mut self,
        step: impl FnOnce(&mut State<(), Error>, &mut Deferred<(), Error>) -> R,
    ) -> R {
        let mut later = Deferred::new();
        let outcome = step(&mut self.state, &mut later);
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

    fn caller(lane: usize) -> Caller {
        Caller { by: Location::caller(), lane, backtrace: None }
    }

    fn limits(&self, lane: usize) -> (usize, usize) {
        let config = self.state.config();
        let named = ["first", "second"].get(lane.wrapping_sub(1)).map(|name| config.lanes[*name]);
        let cap = named.and_then(|named| named.cap).unwrap_or(usize::MAX);
        (named.map_or(0, |named| named.guaranteed), cap)
    }

    /// The rule in so many words: below the cap, and within the guarantee or leaving enough for everybody else's.
    fn admits(&self, lane: usize) -> bool {
        let (guaranteed, cap) = self.limits(lane);
        let others = (0..LANES).filter(|other| *other != lane);
        let kept: usize = others.map(|other| self.limits(other).0.saturating_sub(self.in_use[other])).sum();
        let taken: usize = self.in_use.iter().sum();
        let free = taken + kept < self.state.config().max;
        self.in_use[lane] < cap && (self.in_use[lane] < guaranteed || free)
    }

    /// Who must be served next if a connection is at hand.
    fn next(&self) -> Option<Who> {
        let heads = (0..LANES).filter(|lane| self.admits(*lane)).filter_map(|lane| {
            let (who, _) = self.lines[lane].front()?;
            Some((self.in_use[lane], *who))
        });
        heads.min().map(|(_, who)| who)
    }

    /// Takes the grants of a transition in, each of which must have gone to whoever was next.
    fn note_grants(&mut self) {
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

    fn check(&mut self) {
        self.note_grants();
        let (status, _) = self.state.status("model".into(), self.now);
        let waiting: usize = self.lines.iter().map(VecDeque::len).sum();
        assert_eq!(status.size, status.idle + status.in_use + status.connecting, "{status}");
        assert!(status.size <= status.max + status.debt, "{status}");
        assert!(status.size <= self.size_before.max(status.max), "grew over its maximum: {status}");
        assert_eq!(status.waiting, waiting, "{status}");
        assert_eq!(status.connecting, self.tasks.len(), "{status}");
        assert!(status.connecting <= MOST_CONNECTING, "{status}");
        let out = self.out.len() + self.granted.len();
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

    fn get(&mut self, lane: usize, front: bool) {
        let (caller, now) = (Self::caller(lane), self.now);
        let may_take = self.admits(lane) && !self.suspended;
        if let Some(Taken { live, .. }) =
            self.transition(|state, later| state.take(&caller, Some(now), later))
        {
            assert!(may_take && self.lines[lane].is_empty(), "a newcomer passed the line");
            self.in_use[lane] += 1;
            self.out.push((live, lane));
            return;
        }
        let who = if front {
            self.returners -= 1;
            self.returners
        } else {
            self.arrivals += 1;
            self.arrivals
        };
        let waker = Waker::from(Arc::new(Alarm { who, woken: Arc::clone(&self.woken) }));
        let ticket = self.transition(|state, _| state.wait(front, waker, &caller, now)).expect("it is open");
        let line = &mut self.lines[lane];
        if front { line.push_front((who, ticket)) } else { line.push_back((who, ticket)) }
    }

    fn give_back(
        &mut self,
        at: usize,
        step: impl FnOnce(&mut State<(), Error>, Connection, &mut Deferred<(), Error>),
    ) {
        let (live, lane) = self.out.swap_remove(at);
        self.in_use[lane] -= 1;
        self.transition(|state, later| step(state, live, later));
    }

    fn run_task(&mut self, at: usize, succeeds: bool) {
        let now = self.now;
        match self.tasks[at] {
            Task::Asks => match self.transition(|state, _| state.connect_step(now)) {
                ConnectStep::Stop => drop(self.tasks.swap_remove(at)),
                ConnectStep::Pause(until) => assert!(until > now),
                ConnectStep::Connect { epoch } => self.tasks[at] = Task::Connects(epoch),
            },
            Task::Connects(epoch) if succeeds => {
                self.tasks.swap_remove(at);
                self.open += 1;
                self.transition(|state, later| state.connected((), epoch, now, later));
            }
            Task::Connects(_) => {
                self.tasks[at] = Task::Asks;
                let fault = Arc::new(Fault::Failed(std::fmt::Error));
                self.transition(|state, later| state.connect_failed(fault, now, later));
            }
        }
    }

    fn step(&mut self, operation: u8, argument: u16) {
        let (argument, now) = (usize::from(argument), self.now);
        let pick = |among: usize| argument % among.max(1);
        let waiting: usize = self.lines.iter().map(VecDeque::len).sum();
        match operation {
            0..30 if waiting < 16 => self.get(argument % LANES, argument % 16 == 15),
            30..38 => {
                let lane = argument % LANES;
                if !self.lines[lane].is_empty() {
                    let at = pick(self.lines[lane].len());
                    let (_, ticket) = self.lines[lane].remove(at).unwrap();
                    self.transition(|state, later| state.leave(ticket, later));
                }
            }
            38..42 if !self.granted.is_empty() => {
                let (ticket, lane) = self.granted.swap_remove(pick(self.granted.len()));
                self.in_use[lane] -= 1;
                self.seen.passed_on += 1;
                self.transition(|state, later| state.leave(ticket, later));
            }
            42..58 if !self.granted.is_empty() => {
                let (ticket, lane) = self.granted.swap_remove(pick(self.granted.len()));
                let caller = Self::caller(lane);
                let place = self.transition(|state, _| state.look(ticket, Waker::noop(), &caller, now));
                let Place::Granted(Taken { live, .. }) = place else {
                    panic!("its grant is gone: {place:?}")
                };
                self.out.push((live, lane));
            }
            58..72 if !self.out.is_empty() => {
                self.give_back(pick(self.out.len()), State::put);
            }
            72..75 if !self.out.is_empty() => {
                self.give_back(pick(self.out.len()), |state, live, later| {
                    state.discard(live, CloseReason::Broken, later);
                });
            }
            75..76 if !self.out.is_empty() => {
                self.open -= 1;
                self.give_back(pick(self.out.len()), |state, live, _| state.detach(&live));
            }
            76..86 if !self.tasks.is_empty() => self.run_task(pick(self.tasks.len()), argument % 5 > 0),
            86 if !self.tasks.is_empty() => {
                self.tasks.swap_remove(pick(self.tasks.len()));
                // As when its task is dropped: without a settling.
                self.state.connect_abandoned();
            }
            87..89 => {
                let max = argument % 6 + 1;
                // Less than is guaranteed is refused, and then nothing may have changed.
                let _ = self.transition(|state, later| state.resize(max, later));
            }
            89 => {
                let config = config(argument % 6 + 1, argument % 3, argument % 4);
                self.transition(|state, later| state.reconfigure(Arc::new(config), later));
            }
            90..92 => {
                self.suspended = !self.suspended && argument % 3 == 0;
                let suspends = self.suspended;
                self.transition(|state, _| if suspends { state.suspend() } else { state.resume() });
            }
            92 if argument % 4 == 0 => self.transition(State::evict_all),
            93 => {
                let idle = self.transition(|state, _| state.take_all_idle());
                self.tended.extend(idle.into_iter().map(|live| (live, false)));
            }
            94..97 if !self.tended.is_empty() => {
                let (mut live, keepalive) = self.tended.swap_remove(pick(self.tended.len()));
                if argument % 5 == 0 {
                    self.transition(|state, later| state.discard_tended(live, CloseReason::Dead, later));
                } else {
                    live.proven_at = now;
                    self.transition(|state, later| state.put_tended(live, later));
                }
                if keepalive && let Some(next) = self.transition(|state, _| state.next_keepalive(now)) {
                    self.tended.push((next, true));
                }
            }
            97 if !self.leaving.is_empty() => {
                self.leaving.swap_remove(pick(self.leaving.len()));
                self.open -= 1;
                self.transition(|state, _| state.gone());
            }
            98 => {
                self.transition(|state, later| {
                    state.evict_unproven_since(now - Duration::from_secs(30), later);
                });
            }
            _ => {
                self.now += Duration::from_millis(argument as u64 % 20_000);
                let now = self.now;
                self.transition(|state, later| state.sweep(now, later));
                if let Some(due) = self.transition(|state, _| state.start_keepalive(now)) {
                    assert!(self.tended.iter().all(|(_, keepalive)| !keepalive), "one keepalive at a time");
                    self.tended.push((due, true));
                }
            }
        }
        self.check();
    }

    /// Lets everything come to rest: whoever waits is served, whatever is out comes back; then closes.
    fn finish(&mut self) {
        self.suspended = false;
        self.transition(|state, _| state.resume());
        self.check();
        for round in 0.. {
            assert!(round < 1_000, "{} are stranded", self.lines.iter().map(VecDeque::len).sum::<usize>());
            while let Some((ticket, lane)) = self.granted.pop() {
                let (caller, now) = (Self::caller(lane), self.now);
                let place = self.transition(|state, _| state.look(ticket, Waker::noop(), &caller, now));
                let Place::Granted(Taken { live, .. }) = place else {
                    panic!("its grant is gone: {place:?}")
                };
                self.out.push((live, lane));
            }
            while !self.out.is_empty() {
                self.give_back(0, State::put);
                self.check();
            }
            while let Some((live, _)) = self.tended.pop() {
                self.transition(|state, later| state.put_tended(live, later));
                self.check();
            }
            while self.leaving.pop().is_some() {
                self.open -= 1;
                self.transition(|state, _| state.gone());
                self.check();
            }
            if self.lines.iter().all(VecDeque::is_empty) && self.granted.is_empty() {
                break;
            }
            self.now += Duration::from_secs(5);
            let now = self.now;
            self.transition(|state, later| state.sweep(now, later));
            for at in (0..self.tasks.len()).rev() {
                self.run_task(at, true);
                self.check();
            }
        }
        self.close();
    }

    /// Closes in whatever state the pool is: whoever waits is sent away, and it is dry once everything has come back.
    fn close(&mut self) {
        self.transition(State::close);
        let mut sent_away = std::mem::take(&mut *self.woken.lock().unwrap());
        let mut waited: Vec<_> = self.lines.iter_mut().flat_map(std::mem::take).map(|(who, _)| who).collect();
        sent_away.sort_unstable();
        waited.sort_unstable();
        assert_eq!(sent_away, waited, "everybody is told");
        while let Some((ticket, _)) = self.granted.pop() {
            self.transition(|state, later| state.leave(ticket, later));
        }
        while let Some((live, _)) = self.out.pop() {
            self.transition(|state, later| state.put(live, later));
        }
        while let Some((live, _)) = self.tended.pop() {
            self.transition(|state, later| state.put_tended(live, later));
        }
        self.open -= self.leaving.len();
        for _ in std::mem::take(&mut self.leaving) {
            self.transition(|state, _| state.gone());
        }
        for at in (0..self.tasks.len()).rev() {
            self.tasks.swap_remove(at);
            self.state.connect_abandoned();
        }
        self.transition(|_, _| ());
        assert_eq!((self.open, self.drained), (0, true), "closed and dry");
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn what_must_hold_holds_after_every_one_of_a_million_steps() {
    let steps = setting("MAINSTAY_POOL_MODEL_STEPS", 1_000_000);
    let seed = setting("MAINSTAY_POOL_MODEL_SEED", 1);
    let cases = u32::try_from(steps.div_ceil(LENGTH as u64)).expect("fewer steps");
    println!("{steps} steps from seed {seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let seen = std::cell::RefCell::new((0, Seen::default()));
    let steps_of_a_run = (any::<(bool, bool)>(), vec((0..100u8, any::<u16>()).no_shrink(), 1..=2 * LENGTH));
    let result = runner.run(&steps_of_a_run, |((says_goodbye, comes_to_rest), operations)| {
        let mut model = Model::new(says_goodbye);
        for (operation, argument) in &operations {
            model.step(*operation, *argument);
        }
        if comes_to_rest {
            model.finish();
        } else {
            model.close();
        }
        let mut seen = seen.borrow_mut();
        seen.0 += operations.len() as u64;
        seen.1.grants += model.seen.grants;
        seen.1.passed_on += model.seen.passed_on;
        seen.1.closed += model.seen.closed;
        seen.1.held_up += model.seen.held_up;
        seen.1.debts += model.seen.debts;
        Ok(())
    });
    if let Err(failure) = result {
        panic!("seed {seed}: {failure}");
    }
    let (taken, Seen { grants, passed_on, closed, held_up, debts }) = seen.into_inner();
    println!(
        "{taken} steps: {grants} grants, {passed_on} passed on, {closed} closed, {held_up} held up, {debts} in debt"
    );
    assert!(taken >= steps * 95 / 100, "{taken} steps");
    for (what, often) in [
        ("grants", grants),
        ("passed on", passed_on),
        ("closed", closed),
        ("held up", held_up),
        ("debts", debts),
    ] {
        assert!(often as u64 > steps / 1_000, "{what}: only {often}, the run proves little");
    }
}
