//! Every kind of event and of policy, for tests of observers.

use super::{Event, PolicyId, PolicyKind};
use crate::{StoppedBy, Verdict, breaker::State};
use std::time::Duration;

/// At least one event of each kind, and of each that observers tell apart.
pub(super) fn every_event() -> Vec<Event> {
    let second = Duration::from_secs(1);
    let mut events = Vec::new();
    let mut next = Some(Event::Ended(Verdict::Success));
    // Each kind names its successor: a new kind does not compile before it has a place here.
    while let Some(event) = next {
        next = match event {
            Event::Ended(Verdict::Success) => Some(Event::Ended(Verdict::Failure)),
            Event::Ended(Verdict::Failure) => Some(Event::Ended(Verdict::Ignore)),
            Event::Ended(Verdict::Ignore) => Some(Event::Ended(Verdict::Abandoned)),
            Event::Ended(Verdict::Abandoned) => Some(Event::Took(second)),
            Event::Took(_) => Some(Event::Rejected),
            Event::Rejected => Some(Event::WouldReject),
            Event::WouldReject => Some(Event::WouldAct),
            Event::WouldAct => Some(Event::Queued),
            Event::Queued => Some(Event::Waited(second)),
            Event::Waited(_) => Some(Event::TimedOut(second)),
            Event::TimedOut(_) => Some(Event::Slow(second)),
            Event::Slow(_) => Some(Event::Retrying { attempts: 1, pause: second }),
            Event::Retrying { .. } => Some(Event::Recovered { attempts: 2 }),
            Event::Recovered { .. } => Some(Event::GaveUp { attempts: 3, stopped_by: StoppedBy::Attempts }),
            Event::GaveUp { attempts, stopped_by } => Some(match stopped_by {
                StoppedBy::Attempts => Event::GaveUp { attempts, stopped_by: StoppedBy::Deadline },
                StoppedBy::Deadline => Event::GaveUp { attempts, stopped_by: StoppedBy::MaxElapsed },
                StoppedBy::MaxElapsed => Event::GaveUp { attempts, stopped_by: StoppedBy::Budget },
                StoppedBy::Budget => Event::GaveUp { attempts, stopped_by: StoppedBy::RetryAfter(second) },
                StoppedBy::RetryAfter(_) => Event::BudgetSpent,
            }),
            Event::BudgetSpent => Some(Event::Transition { from: State::Closed, to: State::Open }),
            Event::Transition { to, .. } => Some(match to {
                State::Open => Event::Transition { from: to, to: State::HalfOpen },
                State::HalfOpen => Event::Transition { from: to, to: State::Ramping },
                State::Ramping => Event::Transition { from: to, to: State::ForcedOpen },
                State::ForcedOpen => Event::Transition { from: to, to: State::ForcedClosed },
                State::ForcedClosed => Event::Transition { from: to, to: State::Disabled },
                State::Disabled => Event::Transition { from: to, to: State::Closed },
                State::Closed => Event::Stale(Verdict::Success),
            }),
            Event::Stale(_) => Some(Event::Hedged(1)),
            Event::Hedged(_) => Some(Event::HedgeWon(0)),
            Event::HedgeWon(0) => Some(Event::HedgeWon(1)),
            Event::HedgeWon(_) => Some(Event::FellBack),
            Event::FellBack => Some(Event::LimitChanged { from: 20, to: 18 }),
            Event::LimitChanged { .. } => Some(Event::Injected),
            Event::Injected => Some(Event::Ejected),
            Event::Ejected => Some(Event::Readmitted),
            Event::Readmitted => None,
        };
        events.push(event);
    }
    events
}

/// A policy of each kind, named `it`.
pub(super) fn every_policy() -> Vec<PolicyId> {
    use PolicyKind::{
        Adaptive, Breaker, Bulkhead, Chaos, Custom, Fallback, Hedge, Outliers, Pipeline, RateLimit, Retry,
        Timeout,
    };
    [
        Breaker, Retry, Timeout, Bulkhead, RateLimit, Hedge, Fallback, Adaptive, Chaos, Outliers, Pipeline,
        Custom,
    ]
    .map(|kind| PolicyId::new(kind, "it"))
    .into()
}
