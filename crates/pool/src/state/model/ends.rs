//! How a run ends.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

use super::checks::Model;
use crate::state::{State, Taken};
use crate::waiter::Place;

impl Model {
    /// Lets everything come to rest: whoever waits is served, whatever is out comes back; then closes.
    pub(super) fn finish(&mut self) {
        self.suspended = false;
        self.transition(|state, _| state.resume());
        self.check();
        for round in 0.. {
            assert!(round < 1_000, "{} are stranded", self.lines.iter().map(VecDeque::len).sum::<usize>());
            while let Some((ticket, lane)) = self.granted.pop() {
                let place = ticket.waiter.look(Waker::noop());
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
    pub(super) fn close(&mut self) {
        self.transition(State::close);
        let mut sent_away = std::mem::take(&mut *self.woken.lock().unwrap());
        let mut waited: Vec<_> = self.lines.iter_mut().flat_map(std::mem::take).map(|(who, _)| who).collect();
        sent_away.sort_unstable();
        waited.sort_unstable();
        assert_eq!(sent_away, waited, "everybody is told");
        while let Some((ticket, _)) = self.granted.pop() {
            self.transition(|state, later| state.leave(&ticket, later));
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
