//! What may happen to a pool.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::checks::{Alarm, Connection, Error, LANES, Model, THREADS, Task, config};
use crate::deferred::Deferred;
use crate::error::Fault;
use crate::lanes::UNNAMED;
use crate::magazine::Round;
use crate::observer::CloseReason;
use crate::state::{ConnectStep, State, Taken};
use crate::waiter::{Place, Waiter};

impl Model {
    pub(super) fn get(&mut self, lane: usize, thread: usize, front: bool) {
        let (caller, now) = (Self::caller(lane), self.now);
        let may_take = self.admits(lane) && !self.suspended;
        if lane == UNNAMED
            && let Some(Round { live, .. }) = self.magazines.take(thread, caller.by)
        {
            assert!(!self.suspended && self.lines.iter().all(VecDeque::is_empty), "passed a line");
            self.stayed -= 1;
            self.out.push((live, lane));
            return;
        }
        if let Some(Taken { live, .. }) =
            self.exchange(|_, state, later| state.take(&caller, Some(now), later))
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
        let waiter = Waiter::new(&caller, waker);
        let ticket =
            self.transition(|state, later| state.wait(front, waiter, now, later)).expect("it is open");
        let line = &mut self.lines[lane];
        if front { line.push_front((who, ticket)) } else { line.push_back((who, ticket)) }
    }

    pub(super) fn give_back(
        &mut self,
        at: usize,
        step: impl FnOnce(&mut State<(), Error>, Connection, &mut Deferred<(), Error>),
    ) {
        let (live, lane) = self.out.swap_remove(at);
        self.in_use[lane] -= 1;
        self.transition(|state, later| step(state, live, later));
    }

    /// As a return does it: to the magazine it came from or the thread's, else by way of the lock.
    pub(super) fn return_one(&mut self, at: usize, thread: usize) {
        if self.out[at].1 != UNNAMED {
            return self.give_back(at, State::put);
        }
        let (live, lane) = self.out.swap_remove(at);
        let round = Round { pool: (), live };
        let stays = match self.magazines.magazine_of(&round.live, thread) {
            Some(magazine) => magazine.put(round),
            None => Err(round),
        };
        let Err(Round { live, .. }) = stays else {
            self.stayed += 1;
            return;
        };
        let mut stays = false;
        self.exchange(|magazines, state, later| {
            magazines.put_or_open(state, live, thread, || stays = true, later);
        });
        self.stayed += usize::from(stays);
        self.in_use[lane] -= usize::from(!stays);
    }

    /// Who is reminded of a wait is still waiting.
    pub(super) fn tick(&mut self) {
        self.note_grants();
        if self.transition(State::tick).is_none() {
            self.transition(State::ticks_no_more);
        }
        for who in std::mem::take(&mut *self.woken.lock().unwrap()) {
            let waits = self.lines.iter().flatten().any(|(other, _)| *other == who);
            assert!(waits, "reminded of a wait that is over");
        }
    }

    pub(super) fn run_task(&mut self, at: usize, succeeds: bool) {
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

    pub(super) fn step(&mut self, operation: u8, argument: u16) {
        let (argument, now) = (usize::from(argument), self.now);
        let pick = |among: usize| argument % among.max(1);
        let waiting: usize = self.lines.iter().map(VecDeque::len).sum();
        match operation {
            0..15 if self.calm && self.out.len() + waiting < 3 => {
                self.get(UNNAMED, argument % THREADS, false);
            }
            0..30 if self.calm => {
                if !self.out.is_empty() {
                    self.return_one(pick(self.out.len()), argument % THREADS);
                }
            }
            0..30 if waiting < 16 => self.get(argument % LANES, argument / 16 % THREADS, argument % 16 == 15),
            30..38 => {
                let lane = argument % LANES;
                if !self.lines[lane].is_empty() {
                    let at = pick(self.lines[lane].len());
                    let (_, ticket) = self.lines[lane].remove(at).unwrap();
                    self.transition(|state, later| state.leave(&ticket, later));
                }
            }
            38..42 if !self.granted.is_empty() => {
                let (ticket, lane) = self.granted.swap_remove(pick(self.granted.len()));
                self.in_use[lane] -= 1;
                self.seen.passed_on += 1;
                self.transition(|state, later| state.leave(&ticket, later));
            }
            42..58 if !self.granted.is_empty() => {
                let (ticket, lane) = self.granted.swap_remove(pick(self.granted.len()));
                let place = ticket.waiter.look(Waker::noop());
                let Place::Granted(Taken { live, .. }) = place else {
                    panic!("its grant is gone: {place:?}")
                };
                self.out.push((live, lane));
            }
            58..72 if !self.out.is_empty() => {
                self.return_one(pick(self.out.len()), argument / 16 % THREADS);
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
            98 if argument % 2 == 0 => self.tick(),
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
}
