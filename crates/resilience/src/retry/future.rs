use super::{Notify, Retry, series::Series};
use crate::{
    Attempt, Classify, Error, Operation, Verdict,
    operation::Outcome,
    telemetry::{Event, Observer},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

pin_project! {
    /// A call under a [`Retry`].
    ///
    /// # Cancel safety
    /// Dropping it drops the attempt or the pause it is in; nothing else is held.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct RetryFuture<'p, Op: Operation, C, O, N> {
        policy: &'p Retry<C, O, N>,
        op: Op,
        series: Series,
        // None in a pause: an attempt that has ended, or was given up, holds nothing through it.
        #[pin]
        attempt: Option<Op::Future>,
    }
}

impl<'p, Op: Operation, C, O, N> RetryFuture<'p, Op, C, O, N> {
    #[inline]
    pub(super) fn new(policy: &'p Retry<C, O, N>, op: Op, first: Attempt) -> Self {
        let series = Series::new(&policy.core, first);
        let attempt = Some(op.start(series.attempt(policy.core.attempt_limit())));
        Self { policy, op, series, attempt }
    }
}

impl<Op, C, O, N> Future for RetryFuture<'_, Op, C, O, N>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
    N: Notify<Op::Value, Op::Error>,
{
    type Output = Outcome<Op>;

    // Into the policy around it: out of line, every outcome would go through memory.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let this = self.as_mut().project();
            let policy = *this.policy;
            let Some(attempt) = this.attempt.as_pin_mut() else {
                ready!(self.as_mut().poll_pause(cx));
                continue;
            };
            let outcome = match attempt.poll(cx) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => {
                    let after = ready!(self.as_mut().poll_limit(cx));
                    Err(Error::Timeout { policy: policy.core.id.name.clone(), after })
                }
            };
            let verdict = policy.classifier.classify(outcome.as_ref());
            if verdict != Verdict::Failure {
                self.series.ended(policy, verdict, outcome.is_ok());
                return Poll::Ready(outcome);
            }
            // Boxed: a cold function that took `outcome` by reference would keep every outcome out of registers.
            if let Some(last) = self.as_mut().failed(Box::new(outcome)) {
                return Poll::Ready(*last);
            }
        }
    }
}

/// All that a call does which is not ready at once; out of the way of those that are.
impl<Op, C, O, N> RetryFuture<'_, Op, C, O, N>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
    N: Notify<Op::Value, Op::Error>,
{
    /// Starts the next attempt when the pause is over.
    #[cold]
    #[inline(never)]
    fn poll_pause(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        ready!(this.series.timer().poll(cx));
        let attempt = this.op.start(this.series.attempt(this.policy.core.attempt_limit()));
        this.attempt.set(Some(attempt));
        Poll::Ready(())
    }

    /// The attempt is not ready: its limit once that has passed. Then the attempt is dropped.
    #[cold]
    #[inline(never)]
    fn poll_limit(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Duration> {
        let mut this = self.project();
        let policy = *this.policy;
        this.series.takes_time(policy.core.is_timed());
        let Some(limit) = policy.core.attempt_limit() else { return Poll::Pending };
        let timer = this.series.timer();
        if !timer.is_armed() {
            timer.arm(limit);
        }
        ready!(timer.poll(cx));
        this.attempt.set(None);
        policy.core.count_timed_out();
        policy.observer.on(&policy.core.id, Event::TimedOut(limit));
        Poll::Ready(limit)
    }

    /// The call's outcome, if no pause and no other attempt follow.
    #[cold]
    #[inline(never)]
    fn failed(self: Pin<&mut Self>, outcome: Box<Outcome<Op>>) -> Option<Box<Outcome<Op>>> {
        let mut this = self.project();
        match this.series.failed(this.policy, outcome) {
            Ok(pause) => {
                this.attempt.set(None);
                this.series.timer().arm(pause);
                None
            }
            Err(last) => Some(last),
        }
    }
}
