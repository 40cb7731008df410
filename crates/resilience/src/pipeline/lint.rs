use super::Stage;
use crate::telemetry::{PolicyId, PolicyKind};
use std::fmt;

/// Two policies in an order in which one defeats the other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// Which rule speaks.
    pub rule: OrderRule,
    /// The policy further out.
    pub outer: PolicyId,
    /// The policy further in.
    pub inner: PolicyId,
}

/// What can be wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderRule {
    /// A timeout outside a breaker that learns nothing from dropped calls: a callee that never answers never opens it.
    BlindBreaker,
    /// A breaker outside a retry sees a whole series as one call, and lets every attempt of it through.
    BreakerOutsideRetry,
    /// A bulkhead or an adaptive limit outside a retry keeps its place through every pause.
    PlaceHeldInPauses,
    /// A rate limit outside a retry or hedge counts a call once, however often it is made.
    UncountedAttempts,
    /// A retry outside a fallback never sees a failure.
    RetryOutsideFallback,
    /// Retries inside one another multiply their attempts.
    NestedRetries,
    /// A timeout inside another that is shorter never fires.
    TimeoutNeverFires,
    /// A timeout around a retry ends it before the attempts it is configured for have had their time.
    SeriesCutShort,
}

impl OrderRule {
    /// What goes wrong and what to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::BlindBreaker => {
                "a callee that never answers never opens the breaker: put a timeout inside it, or count abandoned calls as failures"
            }
            Self::BreakerOutsideRetry => {
                "the breaker sees a series of attempts as one call: put the retry outside the breaker"
            }
            Self::PlaceHeldInPauses => {
                "each call keeps its place while it pauses between attempts: put the bulkhead inside the retry"
            }
            Self::UncountedAttempts => "further attempts are not counted: put the rate limit inside",
            Self::RetryOutsideFallback => {
                "the fallback answers before the retry sees a failure: put the fallback outside"
            }
            Self::NestedRetries => "attempts multiply: keep one retry, or let both share a budget",
            Self::TimeoutNeverFires => "the outer limit is not longer than the inner one, which never fires",
            Self::SeriesCutShort => {
                "the limit ends before all attempts have had their time: raise it, or lower attempts, pauses or the limit of an attempt"
            }
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} outside {}: {}", self.outer, self.inner, self.rule.advice())
    }
}

/// Every rule on every pair, outermost first.
pub(super) fn warnings(stages: &[Stage]) -> Vec<Warning> {
    let mut found = Vec::new();
    for (at, outer) in stages.iter().enumerate() {
        for (between, inner) in stages[at + 1..].iter().enumerate() {
            let inside = &stages[at + 1 + between..];
            if let Some(rule) = rule(outer, inner, inside) {
                found.push(Warning { rule, outer: outer.policy.clone(), inner: inner.policy.clone() });
            }
        }
    }
    found
}

/// What is wrong with `outer` around `inner`, which is the first of the stages `inside`.
fn rule(outer: &Stage, inner: &Stage, inside: &[Stage]) -> Option<OrderRule> {
    use PolicyKind::{Adaptive, Breaker, Bulkhead, Fallback, Hedge, RateLimit, Retry, Timeout};
    let bounded_within = || super::Bound::of(&inside[1..]).time.is_some();
    match (outer.policy.kind, inner.policy.kind) {
        (Timeout, Breaker) if inner.blind_to_abandoned && !bounded_within() => Some(OrderRule::BlindBreaker),
        (Breaker, Retry) if inner.attempts > 1 => Some(OrderRule::BreakerOutsideRetry),
        (Bulkhead | Adaptive, Retry) if inner.attempts > 1 => Some(OrderRule::PlaceHeldInPauses),
        (RateLimit, Retry | Hedge) if inner.attempts > 1 => Some(OrderRule::UncountedAttempts),
        (Retry, Fallback) if outer.attempts > 1 => Some(OrderRule::RetryOutsideFallback),
        (Retry, Retry) if outer.attempts > 1 && inner.attempts > 1 => Some(OrderRule::NestedRetries),
        (Timeout, Timeout) if outer.limit <= inner.limit => Some(OrderRule::TimeoutNeverFires),
        (Timeout, Retry) if inner.attempts > 1 => {
            let series = super::Bound::of(inside).time?;
            (outer.limit? < series).then_some(OrderRule::SeriesCutShort)
        }
        _ => None,
    }
}
