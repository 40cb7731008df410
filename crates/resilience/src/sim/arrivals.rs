use super::{Clients, Pattern, RateStep, ServiceTime, clock::nanos, random::Random, random::Stream};
use std::{cmp::Reverse, collections::BinaryHeap};

/// When calls come, of all groups of clients, in nanoseconds; none from the end of the simulation on.
#[derive(Debug)]
pub(super) struct Arrivals {
    groups: Vec<Group>,
    /// (time, group): one entry a group that calls at a rate, one a user who thinks.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    end: u64,
}

#[derive(Debug)]
enum Group {
    Open(Flow),
    Closed { think: ServiceTime, random: Random },
}

impl Arrivals {
    pub(super) fn new(clients: &[Clients], seed: u64, end: u64) -> Self {
        let mut arrivals = Self { groups: Vec::new(), due: BinaryHeap::new(), end };
        for (number, clients) in clients.iter().enumerate() {
            let random = Random::numbered(seed, Stream::Clients, number);
            let mut first = 1;
            arrivals.groups.push(match clients.pattern {
                Pattern::Constant { per_second } => {
                    Group::Open(Flow::new(per_second, &clients.rate_steps, None))
                }
                Pattern::Poisson { per_second } => {
                    Group::Open(Flow::new(per_second, &clients.rate_steps, Some(random)))
                }
                Pattern::Closed { users, think } => {
                    first = users;
                    Group::Closed { think, random }
                }
            });
            for _ in 0..first {
                arrivals.plan(number, 0);
            }
        }
        arrivals
    }

    /// The next call's time.
    pub(super) fn next(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((time, _))| *time)
    }

    /// The group of a call that is due at `now`.
    pub(super) fn take(&mut self, now: u64) -> Option<usize> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, group)) = self.due.pop()?;
        if matches!(self.groups[group], Group::Open(_)) {
            self.plan(group, now);
        }
        Some(group)
    }

    /// A call of this group ended: a user who waited for it thinks, and calls again.
    pub(super) fn ended(&mut self, group: usize, now: u64) {
        if matches!(self.groups[group], Group::Closed { .. }) {
            self.plan(group, now);
        }
    }

    fn plan(&mut self, group: usize, now: u64) {
        let next = match &mut self.groups[group] {
            Group::Open(flow) => flow.next(),
            Group::Closed { think, random } => Some(now.saturating_add(think.draw(random) as u64)),
        };
        if let Some(next) = next.filter(|next| *next < self.end) {
            self.due.push(Reverse((next, group)));
        }
    }
}

/// Arrivals at a rate that changes in steps: each takes a share of the integral of the rate, 1 where they are evenly
/// spaced, exponential with mean 1 where they are random. That is exact at the steps, too.
#[derive(Debug)]
struct Flow {
    /// Calls a nanosecond.
    rate: f64,
    /// (from, calls a nanosecond), the next one last.
    steps: Vec<(f64, f64)>,
    at: f64,
    random: Option<Random>,
}

const SECOND: f64 = 1e9;

impl Flow {
    fn new(per_second: f64, steps: &[RateStep], random: Option<Random>) -> Self {
        let steps = steps.iter().rev().map(|step| (nanos(step.at) as f64, step.per_second / SECOND));
        Self { rate: per_second / SECOND, steps: steps.collect(), at: 0.0, random }
    }

    fn next(&mut self) -> Option<u64> {
        let mut share = self.random.as_mut().map_or(1.0, Random::exponential);
        loop {
            let Some(&(step, rate)) = self.steps.last() else {
                if self.rate == 0.0 {
                    return None;
                }
                self.at += share / self.rate;
                return Some(self.at as u64);
            };
            let before_step = (step - self.at) * self.rate;
            if share < before_step {
                self.at += share / self.rate;
                return Some(self.at as u64);
            }
            share -= before_step;
            (self.at, self.rate) = (step, rate);
            self.steps.pop();
        }
    }
}
