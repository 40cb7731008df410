use super::{EndpointFuture, Outliers};
use crate::{Attempt, Classify, Operation, telemetry::Observer};
use std::sync::Arc;

/// A closure over an endpoint as an operation: each attempt has an endpoint chosen for it.
pub struct EndpointCall<'a, T, F, C, O> {
    pub(super) outliers: &'a Outliers<T, C, O>,
    pub(super) operation: &'a F,
}

impl<'a, T, F, C, O> EndpointCall<'a, T, F, C, O> {
    pub(super) fn new(outliers: &'a Outliers<T, C, O>, operation: &'a F) -> Self {
        Self { outliers, operation }
    }
}

impl<T, F, C, O> Clone for EndpointCall<'_, T, F, C, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F, C, O> Copy for EndpointCall<'_, T, F, C, O> {}

impl<T, F, C, O> std::fmt::Debug for EndpointCall<'_, T, F, C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EndpointCall(..)")
    }
}

impl<'a, T, F, Fut, V, E, C, O> Operation for EndpointCall<'a, T, F, C, O>
where
    F: Fn(Arc<T>, Attempt) -> Fut,
    Fut: Future<Output = Result<V, E>>,
    C: Classify<V, E>,
    O: Observer,
{
    type Value = V;
    type Error = E;
    type Future = EndpointFuture<'a, T, F, Fut, C, O>;

    #[inline]
    fn start(&self, attempt: Attempt) -> Self::Future {
        EndpointFuture::new(*self, attempt)
    }
}
