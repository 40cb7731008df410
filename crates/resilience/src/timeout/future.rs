use super::Timeout;
use crate::{
    Attempt, Error, Operation, Verdict,
    operation::Outcome,
    telemetry::{Event, Observer},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Sleep;

pin_project! {
    /// A call under a [`Timeout`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation; nothing else is held.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct TimeoutFuture<'p, Op: Operation, O> {
        policy: &'p Timeout<O>,
        // Until the limit passes: what the operation holds is given back with the answer, not when this is dropped.
        #[pin]
        inner: Option<Op::Future>,
        attempt: Attempt,
        limit: Option<Duration>,
        pending: bool,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl<'p, Op: Operation, O: Observer> TimeoutFuture<'p, Op, O> {
    #[inline]
    pub(super) fn new(policy: &'p Timeout<O>, op: Op, attempt: Attempt) -> Self {
        let limit = policy.limit();
        let inner = op.start(limit.map_or(attempt, |limit| attempt.within(limit)));
        Self { policy, inner: Some(inner), attempt, limit, pending: false, timer: None }
    }
}

impl<Op: Operation, O: Observer> Future for TimeoutFuture<'_, Op, O> {
    type Output = Outcome<Op>;

    // Into the policy around it: out of line, every outcome would go through memory.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !*this.pending && this.attempt.is_out_of_time() {
            this.policy.observer.on(&this.policy.id, Event::Rejected);
            return Poll::Ready(Err(Error::DeadlineExceeded { policy: this.policy.id.name.clone() }));
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("not polled after it was ready");
        if let Poll::Ready(outcome) = inner.poll(cx) {
            this.policy.observer.on(&this.policy.id, Event::Ended(Verdict::Success));
            return Poll::Ready(outcome);
        }
        if !*this.pending {
            *this.pending = true;
            this.timer.set(arm(this.policy, *this.attempt, *this.limit));
        }
        let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
        if timer.poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.timer.set(None);
        let after = this.limit.unwrap_or_else(|| this.policy.config().after);
        this.policy.count_timed_out();
        this.policy.observer.on(&this.policy.id, Event::TimedOut(after));
        if this.limit.is_none() {
            return Poll::Pending;
        }
        this.inner.set(None);
        Poll::Ready(Err(Error::Timeout { policy: this.policy.id.name.clone(), after }))
    }
}

/// The timer of a call that turned out to take time; none where a nearer deadline is enforced by whoever set it.
fn arm<O>(policy: &Timeout<O>, attempt: Attempt, limit: Option<Duration>) -> Option<Sleep> {
    let after = limit.unwrap_or_else(|| policy.config().after);
    let enforced_outside = limit.is_some() && attempt.time_left().is_some_and(|left| left <= after);
    (!enforced_outside).then(|| tokio::time::sleep(after))
}
