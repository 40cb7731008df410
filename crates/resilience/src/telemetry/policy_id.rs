use std::{fmt, sync::Arc};

/// The kinds of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PolicyKind {
    /// A [`CircuitBreaker`](crate::CircuitBreaker).
    Breaker,
    /// A [`Retry`](crate::Retry).
    Retry,
    /// A [`Timeout`](crate::Timeout).
    Timeout,
    /// A [`Bulkhead`](crate::Bulkhead).
    Bulkhead,
    /// A rate limit.
    RateLimit,
    /// A hedge.
    Hedge,
    /// A fallback.
    Fallback,
    /// An adaptive limit on concurrency.
    Adaptive,
    /// A source of injected faults.
    Chaos,
    /// A set of endpoints from which outliers are ejected.
    Outliers,
    /// A named pipeline.
    Pipeline,
    /// A policy from outside this crate.
    Custom,
}

impl PolicyKind {
    /// Its name in telemetry: lower case, words joined by `_`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Retry => "retry",
            Self::Timeout => "timeout",
            Self::Bulkhead => "bulkhead",
            Self::RateLimit => "rate_limit",
            Self::Hedge => "hedge",
            Self::Fallback => "fallback",
            Self::Adaptive => "adaptive",
            Self::Chaos => "chaos",
            Self::Outliers => "outliers",
            Self::Pipeline => "pipeline",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which policy: its kind and the name it was made with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId {
    /// Its kind.
    pub kind: PolicyKind,
    /// Its name.
    pub name: Arc<str>,
}

impl PolicyId {
    /// The policy of this kind and name.
    pub fn new(kind: PolicyKind, name: impl Into<Arc<str>>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}
