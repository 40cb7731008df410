use crate::telemetry::PolicyId;
use std::time::Duration;

/// What a policy can make of the calls inside it, at worst; from this a pipeline computes its [`Bound`](super::Bound).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stage {
    /// The policy.
    pub policy: PolicyId,
    /// Most times it starts what is inside it, for one call. Default 1.
    pub attempts: u32,
    /// Whether those attempts run side by side rather than one after the other. Default no.
    pub side_by_side: bool,
    /// Longest time it adds itself, by waiting; `None`: without limit. Default 0.
    pub adds: Option<Duration>,
    /// Longest time it lets everything inside it take, its own waiting included. Default: no limit.
    pub limit: Option<Duration>,
    /// Whether it learns nothing from a call that is dropped in flight. Default no.
    pub blind_to_abandoned: bool,
}

impl Stage {
    /// A policy that lets calls through as they are.
    pub fn new(policy: PolicyId) -> Self {
        Self {
            policy,
            attempts: 1,
            side_by_side: false,
            adds: Some(Duration::ZERO),
            limit: None,
            blind_to_abandoned: false,
        }
    }

    /// Sets the most times it starts what is inside it, one after the other.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the most copies of a call that run side by side, the call itself included.
    #[must_use]
    pub fn copies(mut self, copies: u32) -> Self {
        self.attempts = copies;
        self.side_by_side = true;
        self
    }

    /// Sets the longest time it adds by waiting; `None` for waiting without limit.
    #[must_use]
    pub fn adds(mut self, waiting: impl Into<Option<Duration>>) -> Self {
        self.adds = waiting.into();
        self
    }

    /// Sets the longest time it lets everything inside it take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Says whether it learns nothing from a call that is dropped in flight.
    #[must_use]
    pub fn blind_to_abandoned(mut self, blind: bool) -> Self {
        self.blind_to_abandoned = blind;
        self
    }
}
