use super::{
    catalogue::{CALL_TIME, CIRCUIT_STATE, CONCURRENCY_LIMIT, QUEUE_WAIT, SLOW_CALLS},
    counter::Counter,
};
use crate::{
    breaker::State,
    telemetry::{Event, PolicyId, PolicyKind},
};
use metrics::{Gauge, Histogram, Label};
use std::{sync::OnceLock, time::Duration};

/// One policy's handles to the recorder, each made when it is first needed and kept.
#[derive(Default)]
pub(super) struct Handles {
    counters: [OnceLock<metrics::Counter>; Counter::COUNT],
    call_time: OnceLock<Histogram>,
    queue_wait: OnceLock<Histogram>,
    slow_calls: OnceLock<Histogram>,
    circuit_state: OnceLock<Gauge>,
    concurrency_limit: OnceLock<Gauge>,
}

impl Handles {
    /// Those that a policy of this kind needs, made and set to where it begins.
    pub(super) fn of(policy: &PolicyId) -> Self {
        let handles = Self::default();
        for counter in Counter::expected(policy.kind) {
            handles.counter(policy, *counter);
        }
        if policy.kind == PolicyKind::Breaker {
            handles.state(policy, State::Closed);
        }
        handles
    }

    #[inline]
    pub(super) fn on(&self, policy: &PolicyId, event: Event) {
        match event {
            Event::Ended(verdict) => self.count(policy, Counter::of_verdict(verdict)),
            Event::Took(took) => record(policy, &self.call_time, CALL_TIME, took),
            Event::Rejected => self.count(policy, Counter::Rejected),
            Event::WouldReject => self.count(policy, Counter::WouldReject),
            Event::WouldAct => self.count(policy, Counter::WouldAct),
            Event::Queued => self.count(policy, Counter::Queued),
            Event::Waited(waited) => record(policy, &self.queue_wait, QUEUE_WAIT, waited),
            Event::TimedOut(_) => self.count(policy, Counter::TimedOut),
            Event::Slow(took) => record(policy, &self.slow_calls, SLOW_CALLS, took),
            Event::Retrying { .. } => self.count(policy, Counter::Retry),
            Event::Recovered { .. } => self.count(policy, Counter::Recovered),
            Event::GaveUp { stopped_by, .. } => self.count(policy, Counter::of_end(stopped_by)),
            Event::BudgetSpent => self.count(policy, Counter::BudgetRefusal),
            Event::Transition { to, .. } => {
                self.count(policy, Counter::of_state(to));
                self.state(policy, to);
            }
            Event::Stale(_) => self.count(policy, Counter::Stale),
            Event::Hedged(_) => self.count(policy, Counter::Hedge),
            Event::HedgeWon(0) => self.count(policy, Counter::OriginalWon),
            Event::HedgeWon(_) => self.count(policy, Counter::CopyWon),
            Event::FellBack => self.count(policy, Counter::Fallback),
            Event::LimitChanged { to, .. } => {
                gauge(policy, &self.concurrency_limit, CONCURRENCY_LIMIT).set(to);
            }
            Event::Injected => self.count(policy, Counter::Injection),
            Event::Ejected => self.count(policy, Counter::Ejection),
            Event::Readmitted => self.count(policy, Counter::Readmission),
        }
    }

    #[inline]
    fn count(&self, policy: &PolicyId, counter: Counter) {
        self.counter(policy, counter).increment(1);
    }

    #[inline]
    fn counter(&self, policy: &PolicyId, counter: Counter) -> &metrics::Counter {
        self.counters[counter as usize].get_or_init(|| register(policy, counter))
    }

    fn state(&self, policy: &PolicyId, state: State) {
        gauge(policy, &self.circuit_state, CIRCUIT_STATE).set(match state {
            State::Closed => 0.0,
            State::HalfOpen => 1.0,
            State::Open => 2.0,
            State::Ramping => 3.0,
            State::ForcedOpen => 4.0,
            State::ForcedClosed => 5.0,
            State::Disabled => 6.0,
        });
    }
}

fn labels(policy: &PolicyId) -> Vec<Label> {
    vec![Label::new("policy", policy.kind.as_str()), Label::new("name", policy.name.clone())]
}

#[cold]
fn register(policy: &PolicyId, counter: Counter) -> metrics::Counter {
    let (name, outcome) = counter.series();
    let mut labels = labels(policy);
    labels.extend(outcome.map(|outcome| Label::new("outcome", outcome)));
    metrics::counter!(name, labels)
}

fn record(policy: &PolicyId, slot: &OnceLock<Histogram>, name: &'static str, took: Duration) {
    slot.get_or_init(|| metrics::histogram!(name, labels(policy))).record(took);
}

fn gauge<'a>(policy: &PolicyId, slot: &'a OnceLock<Gauge>, name: &'static str) -> &'a Gauge {
    slot.get_or_init(|| metrics::gauge!(name, labels(policy)))
}
