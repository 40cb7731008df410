use super::{
    CircuitBreaker,
    permit::{Permit, Refusal},
};
use crate::{Attempt, Classify, Error, Operation, operation::Outcome, telemetry::Observer};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// A call through a [`CircuitBreaker`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation, then gives the permit back: in flight it counts as
    /// [`BreakerConfig::abandoned`](super::BreakerConfig::abandoned) says, and a probe's place is free again. Never
    /// polled, it holds nothing.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct BreakerFuture<'p, Op: Operation, C, O: Observer> {
        // Made where it lies, and polled only with the permit. Before `permit`: fields are dropped in order, and a probe's place must outlast the probe.
        #[pin]
        inner: Option<Op::Future>,
        permit: Permit<'p, C, O>,
    }
}

impl<'p, Op: Operation, C, O: Observer> BreakerFuture<'p, Op, C, O> {
    #[inline]
    pub(super) fn new(breaker: &'p CircuitBreaker<C, O>, op: Op, attempt: Attempt) -> Self {
        Self { inner: Some(op.start(attempt)), permit: Permit::unasked(breaker) }
    }
}

impl<Op, C, O> Future for BreakerFuture<'_, Op, C, O>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Output = Outcome<Op>;

    // Into the policy around it: out of line, every outcome would go through memory.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.permit.is_unasked() {
            if let Some(Refusal { retry_after, last_failure }) = this.permit.ask() {
                let policy = this.permit.breaker().core.id.name.clone();
                return Poll::Ready(Err(Error::CircuitOpen { policy, retry_after, last_failure }));
            }
        } else {
            this.permit.enter_user_code();
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("cleared at the only `Ready`");
        let Poll::Ready(outcome) = inner.poll(cx) else {
            this.permit.wait();
            return Poll::Pending;
        };
        this.inner.set(None);
        this.permit.record(outcome.as_ref());
        Poll::Ready(outcome)
    }
}
