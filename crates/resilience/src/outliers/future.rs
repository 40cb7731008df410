use super::{Chosen, EndpointCall};
use crate::{Attempt, Classify, Error, telemetry::Observer};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A call with an endpoint chosen for it.
    ///
    /// # Cancel safety
    /// Dropping it drops the operation, then counts the call as
    /// [`OutliersConfig::abandoned`](super::OutliersConfig::abandoned) says. Never polled, it has no endpoint.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct EndpointFuture<'a, T, F, Fut, C, O: Observer> {
        call: EndpointCall<'a, T, F, C, O>,
        attempt: Attempt,
        // Before `chosen`: fields are dropped in order, and a trial's place must outlast the trial.
        #[pin]
        inner: Option<Fut>,
        chosen: Option<Chosen<'a, T, C, O>>,
    }
}

impl<'a, T, F, Fut, C, O: Observer> EndpointFuture<'a, T, F, Fut, C, O> {
    #[inline]
    pub(super) fn new(call: EndpointCall<'a, T, F, C, O>, attempt: Attempt) -> Self {
        Self { call, attempt, inner: None, chosen: None }
    }
}

impl<T, F, Fut, V, E, C, O> Future for EndpointFuture<'_, T, F, Fut, C, O>
where
    F: Fn(Arc<T>, Attempt) -> Fut,
    Fut: Future<Output = Result<V, E>>,
    C: Classify<V, E>,
    O: Observer,
{
    type Output = Result<V, Error<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let call = *this.call;
        if this.chosen.is_none() {
            if this.attempt.is_out_of_time() {
                return Poll::Ready(Err(call.outliers.out_of_time()));
            }
            let chosen = this.chosen.insert(call.outliers.choose()?);
            this.inner.set(Some((call.operation)(chosen.endpoint().clone(), *this.attempt)));
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("set with the endpoint, cleared with it");
        let outcome = ready!(inner.poll(cx)).map_err(Error::Operation);
        this.inner.set(None);
        let chosen = this.chosen.take().expect("taken once, at the only `Ready`");
        // A classifier that panics drops `chosen`, which records the panic.
        let verdict = call.outliers.classifier.classify(outcome.as_ref());
        chosen.record(verdict);
        Poll::Ready(outcome)
    }
}
