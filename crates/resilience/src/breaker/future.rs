use super::{CircuitBreaker, policy::HeldPermit};
use crate::{Attempt, Classify, Operation, operation::Outcome};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A call through a [`CircuitBreaker`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation, then gives the permit back: in flight it counts as
    /// [`BreakerConfig::abandoned`](super::BreakerConfig::abandoned) says, and a probe's place is free again. Never
    /// polled, it holds nothing.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct BreakerFuture<'p, Op: Operation, C> {
        breaker: &'p CircuitBreaker<C>,
        // Taken at the first poll.
        op: Option<Op>,
        attempt: Attempt,
        // Before `permit`: fields are dropped in order, and a probe's place must outlast the probe.
        #[pin]
        inner: Option<Op::Future>,
        permit: Option<HeldPermit<'p, C>>,
    }
}

impl<'p, Op: Operation, C> BreakerFuture<'p, Op, C> {
    pub(super) fn new(breaker: &'p CircuitBreaker<C>, op: Op, attempt: Attempt) -> Self {
        Self { breaker, op: Some(op), attempt, inner: None, permit: None }
    }
}

impl<Op, C> Future for BreakerFuture<'_, Op, C>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
{
    type Output = Outcome<Op>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.permit.is_none() {
            let op = this.op.take().expect("not polled after it was ready");
            *this.permit = Some(this.breaker.admit()?);
            this.inner.set(Some(op.start(*this.attempt)));
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("set with the permit, cleared with it");
        let outcome = ready!(inner.poll(cx));
        this.inner.set(None);
        let permit = this.permit.take().expect("taken once, at the only `Ready`");
        permit.record(&outcome);
        Poll::Ready(outcome)
    }
}
