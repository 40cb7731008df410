use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::callers::Callers;
use super::outcome::{Answers, Outcome};
use super::scenario::Scenario;
use super::strategy::{Sizing, Strategy};
use crate::sizing::Sample;

/// One playing of a scenario.
///
/// The server shares itself out evenly, so all that is under way advances by the same amount of work. `work` is how much an
/// ever-present query would have had: one that begins when it stands at `w` with `s` to do ends when it stands at `w + s`, however the
/// crowd changes meanwhile. That makes the next event a look at two heaps.
pub(super) struct Run {
    scenario: Scenario,
    sizing: Sizing,
    rng: fastrand::Rng,
    now: f64,
    work: f64,
    size: usize,
    /// When they came; the one who came first is served first.
    waiting: VecDeque<f64>,
    /// By the work at which they end.
    running: BinaryHeap<Reverse<Query>>,
    next_arrival: f64,
    next_window: f64,
    holds: u64,
    hold_total: f64,
    busy_seconds: f64,
    answers: Answers,
    size_seconds: f64,
    peak_size: usize,
}

/// Seconds, ordered: nothing here is ever NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Query {
    ends_at_work: f64,
    came: f64,
    began: f64,
}

impl Eq for Query {}

impl PartialOrd for Query {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Query {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.ends_at_work.total_cmp(&other.ends_at_work)
    }
}

enum Event {
    Arrival,
    Answer,
    Window,
}

impl Run {
    pub(super) fn new(scenario: Scenario, strategy: &Strategy) -> Self {
        let sizing = Sizing::of(strategy);
        let size = sizing.start();
        let mut run = Self {
            rng: fastrand::Rng::with_seed(scenario.seed),
            now: 0.0,
            work: 0.0,
            size,
            waiting: VecDeque::new(),
            running: BinaryHeap::new(),
            next_arrival: f64::INFINITY,
            next_window: sizing.window_secs(),
            holds: 0,
            hold_total: 0.0,
            busy_seconds: 0.0,
            answers: Answers::new(scenario.length),
            size_seconds: 0.0,
            peak_size: size,
            scenario,
            sizing,
        };
        run.draw_arrival();
        if let Callers::Closed(callers) = scenario.callers {
            run.waiting.extend(std::iter::repeat_n(0.0, callers));
        }
        run
    }

    pub(super) fn play(mut self) -> Outcome {
        let end = self.scenario.length.as_secs_f64();
        self.serve();
        loop {
            let (at, event) = self.next_event();
            if at > end {
                break;
            }
            self.advance(at);
            match event {
                Event::Arrival => {
                    self.waiting.push_back(self.now);
                    self.draw_arrival();
                }
                Event::Answer => self.answer(),
                Event::Window => self.window(),
            }
            self.serve();
        }
        self.advance(end);
        self.outcome()
    }

    fn next_event(&self) -> (f64, Event) {
        let answer = self.running.peek().map_or(f64::INFINITY, |Reverse(query)| {
            self.now + (query.ends_at_work - self.work) * self.scenario.server.slowdown(self.running.len())
        });
        let first = answer.min(self.next_arrival).min(self.next_window);
        if first == answer {
            (answer, Event::Answer)
        } else if first == self.next_arrival {
            (first, Event::Arrival)
        } else {
            (first, Event::Window)
        }
    }

    fn advance(&mut self, to: f64) {
        let passed = to - self.now;
        self.work += passed / self.scenario.server.slowdown(self.running.len());
        self.size_seconds += passed * self.size as f64;
        self.busy_seconds += passed * self.running.len() as f64;
        self.now = to;
    }

    /// Poisson arrivals of a changing rate, by thinning.
    fn draw_arrival(&mut self) {
        let peak = self.scenario.callers.peak_rate();
        if peak <= 0.0 {
            return;
        }
        let mut at = self.now;
        loop {
            at += exponential(&mut self.rng) / peak;
            if self.rng.f64() * peak <= self.scenario.callers.rate_at(at) {
                break;
            }
        }
        self.next_arrival = at;
    }

    fn answer(&mut self) {
        let Reverse(query) = self.running.pop().expect("the next event is its answer");
        self.holds += 1;
        self.hold_total += self.now - query.began;
        self.answers.answered(self.now, self.now - query.came);
        if matches!(self.scenario.callers, Callers::Closed(_)) {
            self.waiting.push_back(self.now);
        }
    }

    fn window(&mut self) {
        let elapsed = self.sizing.window_secs();
        let sample = Sample::new(Duration::from_secs_f64(elapsed), self.size)
            .holds(self.holds, Duration::from_secs_f64(self.hold_total))
            .open(self.size, self.busy_seconds / elapsed);
        (self.holds, self.hold_total, self.busy_seconds) = (0, 0.0, 0.0);
        self.next_window += elapsed;
        self.resize(|sizing| sizing.window(&sample));
    }

    fn resize(&mut self, decide: impl FnOnce(&mut Sizing) -> usize) {
        self.size = decide(&mut self.sizing);
        self.peak_size = self.peak_size.max(self.size);
    }

    /// Sends home whose patience is over, and gives what is free to those who came first.
    fn serve(&mut self) {
        let patience = self.scenario.patience.as_secs_f64();
        while let Some(came) = self.waiting.front().copied() {
            let (waited, size) = (self.now - came, self.size);
            if waited > patience && !matches!(self.scenario.callers, Callers::Closed(_)) {
                self.waiting.pop_front();
                self.answers.gave_up(self.now);
            } else if self.running.len() < self.size {
                self.waiting.pop_front();
                let work = exponential(&mut self.rng) * self.scenario.server.service_secs;
                let query = Query { ends_at_work: self.work + work, came, began: self.now };
                self.running.push(Reverse(query));
            } else {
                return;
            }
            self.resize(|sizing| sizing.waited(waited, size));
        }
    }

    fn outcome(mut self) -> Outcome {
        let (p50, p99) = self.answers.percentiles();
        let recovery = match self.scenario.callers {
            Callers::Open { burst_at, burst_for, .. } => {
                self.answers.recovery(burst_at, burst_at + burst_for)
            }
            Callers::Closed(_) => None,
        };
        Outcome {
            served: self.answers.served(),
            gave_up: self.answers.lost(),
            p50,
            p99,
            mean_size: self.size_seconds / self.scenario.length.as_secs_f64(),
            peak_size: self.peak_size,
            last_size: self.size,
            recovery,
        }
    }
}

/// Of mean 1.
fn exponential(rng: &mut fastrand::Rng) -> f64 {
    -(1.0 - rng.f64()).ln()
}
