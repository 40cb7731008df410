use super::Timeout;
use crate::{Attempt, Error, Operation, operation::Outcome};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::Sleep;

pin_project! {
    /// A call under a [`Timeout`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation; nothing else is held.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct TimeoutFuture<'p, Op: Operation> {
        policy: &'p Timeout,
        #[pin]
        inner: Op::Future,
        #[pin]
        timer: Option<Sleep>,
        attempt: Attempt,
    }
}

impl<'p, Op: Operation> TimeoutFuture<'p, Op> {
    pub(super) fn new(policy: &'p Timeout, op: Op, attempt: Attempt) -> Self {
        let inner = op.start(attempt.within(policy.config.after));
        Self { policy, inner, timer: None, attempt }
    }
}

impl<Op: Operation> Future for TimeoutFuture<'_, Op> {
    type Output = Outcome<Op>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.timer.is_none() {
            if this.attempt.is_out_of_time() {
                return Poll::Ready(Err(Error::DeadlineExceeded { policy: this.policy.name.clone() }));
            }
            if let Poll::Ready(outcome) = this.inner.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            let after = this.policy.config.after;
            // A nearer deadline is enforced by whoever set it.
            if this.attempt.time_left().is_some_and(|left| left <= after) {
                return Poll::Pending;
            }
            this.timer.set(Some(tokio::time::sleep(after)));
        } else if let Poll::Ready(outcome) = this.inner.poll(cx) {
            return Poll::Ready(outcome);
        }
        let timer = this.timer.as_pin_mut().expect("armed in the branch above");
        timer.poll(cx).map(|()| {
            Err(Error::Timeout { policy: this.policy.name.clone(), after: this.policy.config.after })
        })
    }
}
