use super::{
    Strategy, WhenNone,
    explain::Cause,
    limits::Limits,
    member::{Member, Place, Slot},
    window::Totals,
};
use crate::{Verdict, random::Series};
use std::sync::{Arc, atomic::Ordering};

/// The endpoints and what is known of them: all that the one lock of [`Outliers`](super::Outliers) guards, free of clocks
/// and futures. Time comes in as ticks.
#[derive(Debug)]
pub(super) struct Set<T> {
    limits: Limits,

    pub(super) members: Vec<Member<T>>,
    /// Which of `members` are in.
    in_set: Vec<usize>,
    /// The earliest moment at which a call may try one that is out.
    next_due: Option<u64>,
    next_id: u64,
    turn: usize,
}

/// A member chosen for a call.
pub(super) struct Choice<T> {
    pub(super) slot: Arc<Slot<T>>,
    pub(super) epoch: u32,
    pub(super) is_trial: bool,
    /// Where it was found; others may have been removed since.
    pub(super) at: usize,
}

/// What an outcome brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Ejected,
    Readmitted,
    WouldEject,
}

impl<T> Set<T> {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, members: Vec::new(), in_set: Vec::new(), next_due: None, next_id: 0, turn: 0 }
    }

    pub(super) fn out(&self) -> usize {
        self.members.len() - self.in_set.len()
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        self.next_due
    }

    pub(super) fn add(&mut self, endpoint: T, now: u64) {
        self.members.push(Member::new(self.next_id, endpoint, now));
        self.next_id += 1;
        self.arrange();
    }

    /// Takes a member away; answers it and how many come back because fewer may be out now.
    pub(super) fn remove(&mut self, at: usize, now: u64) -> (Member<T>, usize) {
        let gone = self.members.remove(at);
        self.arrange();
        (gone, self.enforce_cap(now))
    }

    /// Goes by other limits; answers how many come back because fewer may be out now.
    pub(super) fn limit(&mut self, limits: Limits, now: u64) -> usize {
        self.limits = limits;
        self.enforce_cap(now)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Brings back as many as are out beyond what is allowed, those first that would be tried first.
    fn enforce_cap(&mut self, now: u64) -> usize {
        let mut readmitted = 0;
        while self.out() > self.limits.max_out(self.members.len()) {
            let due = |member: &&mut Member<T>| member.place.due().unwrap_or(u64::MAX);
            let Some(first) = self.members.iter_mut().min_by_key(due) else { break };
            first.readmit(now);
            self.arrange();
            readmitted += 1;
        }
        readmitted
    }

    /// Puts the indices in order after a change of members or places.
    fn arrange(&mut self) {
        self.in_set.clear();
        self.next_due = None;
        for (at, member) in self.members.iter().enumerate() {
            match member.place.due() {
                None => self.in_set.push(at),
                Some(due) => self.next_due = Some(self.next_due.map_or(due, |next| next.min(due))),
            }
        }
    }

    /// An endpoint for a call: one whose trial is due before all others. `now` is read only where something is out.
    pub(super) fn choose(&mut self, random: &Series, now: impl FnOnce() -> u64) -> Option<Choice<T>> {
        if let Some(next_due) = self.next_due {
            let now = now();
            if next_due <= now {
                let is_due = |member: &Member<T>| member.place.due().is_some_and(|due| due <= now);
                let at = self.members.iter().position(is_due)?;
                // A trial that outlived its lease loses its place: the new epoch makes its result stale.
                self.members[at].begin_trial(&self.limits, now);
                self.arrange();
                return Some(self.choice(at, true));
            }
        }
        let at = match self.in_set.len() {
            0 if self.limits.when_none == WhenNone::UseAll && !self.members.is_empty() => {
                self.next_turn(self.members.len())
            }
            0 => return None,
            1 => self.in_set[0],
            len => match self.limits.strategy {
                Strategy::RoundRobin => {
                    let turn = self.next_turn(len);
                    self.in_set[turn]
                }
                Strategy::TwoChoices => self.less_busy_of_two(random),
            },
        };
        Some(self.choice(at, false))
    }

    fn next_turn(&mut self, len: usize) -> usize {
        self.turn = self.turn.wrapping_add(1);
        self.turn % len
    }

    fn less_busy_of_two(&self, random: &Series) -> usize {
        let len = self.in_set.len();
        let first = random.below(len);
        // Of the others, so that it is never the same one.
        let second = (first + 1 + random.below(len - 1)) % len;
        let in_flight = |at: usize| self.members[at].slot.in_flight.load(Ordering::Relaxed);
        let (first, second) = (self.in_set[first], self.in_set[second]);
        if in_flight(second) < in_flight(first) { second } else { first }
    }

    fn choice(&self, at: usize, is_trial: bool) -> Choice<T> {
        let member = &self.members[at];
        member.slot.in_flight.fetch_add(1, Ordering::Relaxed);
        Choice { slot: member.slot.clone(), epoch: member.epoch, is_trial, at }
    }

    /// Records what became of a call. `now` is read only where time matters.
    pub(super) fn record(
        &mut self,
        choice: &Choice<T>,
        verdict: Verdict,
        now: impl Fn() -> u64,
    ) -> Option<Change> {
        let at = self.find(choice)?;
        let (member, limits) = (&mut self.members[at], &self.limits);
        if member.epoch != choice.epoch {
            return None;
        }
        match (member.place, verdict) {
            (Place::In, Verdict::Success | Verdict::Failure) => {
                let now = if limits.by_rate() || verdict == Verdict::Failure { now() } else { 0 };
                let totals = member.count(verdict, limits, now);
                self.eject_if_outlier(at, totals, now)
            }
            (Place::Trial { .. }, Verdict::Success) => {
                member.readmit(now());
                self.arrange();
                Some(Change::Readmitted)
            }
            (Place::Trial { .. }, Verdict::Failure) => {
                member.cause = Some(Cause::TrialFailed);
                member.eject(limits, now());
                self.arrange();
                Some(Change::Ejected)
            }
            (Place::Trial { .. }, Verdict::Ignore | Verdict::Abandoned) => {
                // It has said nothing: the next call may try.
                member.place = Place::Out { until: 0 };
                self.arrange();
                None
            }
            // Used for want of any other, or nothing to say.
            (Place::Out { .. }, _) | (Place::In, Verdict::Ignore | Verdict::Abandoned) => None,
        }
    }

    fn find(&self, choice: &Choice<T>) -> Option<usize> {
        let is_it = |member: &Member<T>| member.slot.id == choice.slot.id;
        if self.members.get(choice.at).is_some_and(is_it) {
            return Some(choice.at);
        }
        self.members.iter().position(is_it)
    }

    fn eject_if_outlier(&mut self, at: usize, totals: Totals, now: u64) -> Option<Change> {
        let cause = self.outlier(at, totals, now);
        self.members[at].cause = cause;
        cause?;
        let may_leave = self.out() < self.limits.max_out(self.members.len());
        let (member, limits) = (&mut self.members[at], &self.limits);
        if limits.shadow {
            // Else every further failure would be counted as another.
            member.forget_outcomes();
            member.cause = None;
            return Some(Change::WouldEject);
        }
        if !may_leave {
            return None;
        }
        member.eject(limits, now);
        self.arrange();
        Some(Change::Ejected)
    }

    /// Why the member with so many outcomes in its window is an outlier, if it is.
    fn outlier(&self, at: usize, totals: Totals, now: u64) -> Option<Cause> {
        let (member, limits) = (&self.members[at], &self.limits);
        if member.consecutive >= limits.consecutive {
            return Some(Cause::ConsecutiveFailures(member.consecutive));
        }
        if !limits.by_rate() || totals.calls < limits.min_calls {
            return None;
        }
        let rate = totals.failure_rate();
        if rate >= limits.failure_rate {
            return Some(Cause::FailureRate { rate, calls: totals.calls });
        }
        let least = self.least_success_rate(now)?;
        (1.0 - rate < least).then_some(Cause::Deviation { rate: 1.0 - rate, least })
    }

    /// The mean success rate of those in the set with enough calls, less so many standard deviations (as in Envoy);
    /// `None` where too few have enough.
    fn least_success_rate(&self, now: u64) -> Option<f64> {
        const ENOUGH: usize = 5;
        let limits = &self.limits;
        let deviations = limits.deviation?;
        let rates = || {
            let totals = self.in_set.iter().map(|at| self.members[*at].window.totals(now));
            totals.filter(|totals| totals.calls >= limits.min_calls).map(|totals| 1.0 - totals.failure_rate())
        };
        let count = rates().count();
        if count < ENOUGH {
            return None;
        }
        let mean = rates().sum::<f64>() / count as f64;
        let variance = rates().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count as f64;
        Some(mean - deviations * variance.sqrt())
    }
}
