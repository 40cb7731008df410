use super::{Outliers, set::Choice};
use crate::{Error, ShedReason, Verdict, telemetry::Observer};
use std::{ops::Deref, sync::Arc, time::Duration};

/// No endpoint is in, or there is none at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("`{policy}` has no endpoint left to call")]
pub struct NoEndpoint {
    /// The set's name.
    pub policy: Arc<str>,
    /// Until one that is out may be tried; `None` where there is none.
    pub retry_after: Option<Duration>,
}

impl<E> From<NoEndpoint> for Error<E> {
    fn from(none: NoEndpoint) -> Self {
        let NoEndpoint { policy, retry_after } = none;
        Self::Shed { policy, reason: ShedReason::NoEndpoint, retry_after }
    }
}

/// An endpoint chosen for one call. Say with [`record`](Self::record) what became of it.
///
/// Dropped without a word, the call counts as abandoned; while its thread panics, as a failure. A trial's place is free
/// again either way.
#[must_use = "dropped at once, the call counts as abandoned"]
pub struct Chosen<'o, T, C = crate::Failures, O: Observer = ()> {
    outliers: &'o Outliers<T, C, O>,
    choice: Choice<T>,
    verdict: Option<Verdict>,
}

impl<'o, T, C, O: Observer> Chosen<'o, T, C, O> {
    pub(super) fn new(outliers: &'o Outliers<T, C, O>, choice: Choice<T>) -> Self {
        Self { outliers, choice, verdict: None }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Arc<T> {
        &self.choice.slot.endpoint
    }

    /// Whether this call decides if the endpoint is taken back.
    pub fn is_trial(&self) -> bool {
        self.choice.is_trial
    }

    /// Says what became of the call.
    pub fn record(mut self, verdict: Verdict) {
        self.verdict = Some(verdict);
    }
}

impl<T, C, O: Observer> Drop for Chosen<'_, T, C, O> {
    fn drop(&mut self) {
        let verdict = self.verdict.unwrap_or_else(|| {
            if std::thread::panicking() { Verdict::Failure } else { self.outliers.abandoned() }
        });
        self.outliers.settle(&self.choice, verdict);
    }
}

impl<T, C, O: Observer> Deref for Chosen<'_, T, C, O> {
    type Target = T;

    fn deref(&self) -> &T {
        self.endpoint()
    }
}

impl<T: std::fmt::Debug, C, O: Observer> std::fmt::Debug for Chosen<'_, T, C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chosen")
            .field("endpoint", self.endpoint())
            .field("is_trial", &self.is_trial())
            .finish_non_exhaustive()
    }
}
