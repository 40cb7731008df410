use crate::{
    breaker::State,
    telemetry::{Event, Observer, PolicyId},
};

/// Speaks of what happens in a policy, by [`tracing`] events of the target `mainstay_resilience`.
///
/// | level | what |
/// |---|---|
/// | `WARN` | a breaker opens, an endpoint is ejected, a retry gives up, a call is slow |
/// | `INFO` | any other change of a breaker, an endpoint is readmitted |
/// | `DEBUG` | retries, recoveries, rejections, timeouts, hedges, fallbacks, injected faults, moved limits |
/// | `TRACE` | calls that ended, waits, stale results |
///
/// Every event has `policy` (its kind) and `name`. Where a level is off, its events cost the look at that and allocate
/// nothing. Events are spoken in the task of the call, so that they stand in the caller's span.
///
/// ```
/// # use mainstay_resilience::{Timeout, telemetry::Tracing};
/// # use std::time::Duration;
/// let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap().observe(Tracing);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracing;

/// An event of `tracing` at a level, about a policy, with fields.
macro_rules! say {
    ($level:ident, $policy:ident, $($field:tt)*) => {
        tracing::event!(
            target: "mainstay_resilience",
            tracing::Level::$level,
            policy = $policy.kind.as_str(),
            name = &*$policy.name,
            $($field)*
        )
    };
}

impl Observer for Tracing {
    #[inline]
    fn on(&self, policy: &PolicyId, event: Event) {
        // The one event of every call; the rest is kept out of its way.
        if let Event::Ended(verdict) = event {
            say!(TRACE, policy, ?verdict, "call ended");
        } else {
            speak(policy, event);
        }
    }
}

fn speak(policy: &PolicyId, event: Event) {
    match event {
        Event::Ended(_) => {}
        Event::Took(took) => say!(TRACE, policy, ?took, "call took"),
        Event::Rejected => say!(DEBUG, policy, "call rejected"),
        Event::WouldReject => say!(DEBUG, policy, "call would be rejected"),
        Event::WouldAct => say!(DEBUG, policy, "would try again, hedge or fall back"),
        Event::Queued => say!(TRACE, policy, "call waits"),
        Event::Waited(waited) => say!(TRACE, policy, ?waited, "call got its turn"),
        Event::TimedOut(after) => say!(DEBUG, policy, ?after, "no answer in time"),
        Event::Slow(took) => say!(WARN, policy, ?took, "slow call"),
        Event::Retrying { attempts, pause } => say!(DEBUG, policy, attempts, ?pause, "retrying"),
        Event::Recovered { attempts } => say!(DEBUG, policy, attempts, "recovered"),
        Event::GaveUp { attempts, stopped_by } => say!(WARN, policy, attempts, %stopped_by, "gave up"),
        Event::BudgetSpent => say!(DEBUG, policy, "the budget refused an attempt"),
        Event::Transition { from, to: to @ (State::Open | State::ForcedOpen) } => {
            say!(WARN, policy, %from, %to, "circuit opened");
        }
        Event::Transition { from, to } => say!(INFO, policy, %from, %to, "circuit changed"),
        Event::Stale(verdict) => say!(TRACE, policy, ?verdict, "stale result"),
        Event::Hedged(copy) => say!(DEBUG, policy, copy, "copy started"),
        Event::HedgeWon(copy) => say!(DEBUG, policy, copy, "answered first"),
        Event::FellBack => say!(DEBUG, policy, "fallback answered"),
        Event::LimitChanged { from, to } => say!(DEBUG, policy, from, to, "limit moved"),
        Event::Injected => say!(DEBUG, policy, "fault injected"),
        Event::Ejected => say!(WARN, policy, "endpoint ejected"),
        Event::Readmitted => say!(INFO, policy, "endpoint readmitted"),
    }
}
