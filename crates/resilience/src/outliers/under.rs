use super::{EndpointCall, Outliers};
use crate::{Attempt, Classify, Error, Operation, Policy, telemetry::Observer};
use std::sync::Arc;

/// A set of endpoints inside a policy or pipeline: a retry there tries another endpoint, a timeout there bounds them all.
///
/// ```
/// # use mainstay_resilience::{Retry, RetryConfig, outliers::{Outliers, OutliersConfig}};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let valuers = Outliers::new("valuers", OutliersConfig::default(), ["10.0.0.1", "10.0.0.2"]).unwrap();
/// let retry = Retry::new("valuer", RetryConfig::FAST).unwrap();
/// let answer = valuers.under(&retry).call(|host, _attempt| async move {
///     if *host == "10.0.0.1" { Err("down") } else { Ok(850_000) }
/// });
/// assert_eq!(answer.await, Ok(850_000));
/// # }
/// ```
pub struct Under<'p, P, T, C, O> {
    pub(super) outliers: &'p Outliers<T, C, O>,
    pub(super) policy: &'p P,
}

impl<'p, P, T, C, O: Observer> Under<'p, P, T, C, O> {
    /// Runs `operation`, each attempt with an endpoint of its own; nothing happens before the first poll.
    ///
    /// # Errors
    /// As [`Outliers::call`], and whatever the policy says; flat like every other.
    ///
    /// # Cancel safety
    /// As [`Outliers::call`], and as the policy's own.
    pub async fn call<F, Fut, V, E>(self, operation: F) -> Result<V, Error<E>>
    where
        F: Fn(Arc<T>, Attempt) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        C: Classify<V, E>,
        for<'f> &'p P: Policy<EndpointCall<'f, T, F, C, O>>,
        for<'f> EndpointCall<'f, T, F, C, O>: Operation<Value = V, Error = E>,
    {
        self.policy.run(EndpointCall::new(self.outliers, &operation), Attempt::first()).await
    }
}

impl<P, T, C, O> Clone for Under<'_, P, T, C, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, T, C, O> Copy for Under<'_, P, T, C, O> {}

impl<P, T, C, O> std::fmt::Debug for Under<'_, P, T, C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Under").field("outliers", self.outliers).finish_non_exhaustive()
    }
}
