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
        let attempt = Some(op.start(series.attempt(&policy.core)));
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

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let policy = *this.policy;
        loop {
            let Some(attempt) = this.attempt.as_mut().as_pin_mut() else {
                ready!(this.series.timer().poll(cx));
                let attempt = this.op.start(this.series.attempt(&policy.core));
                this.attempt.set(Some(attempt));
                continue;
            };
            let outcome = match attempt.poll(cx) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => {
                    let after = ready!(pending(policy, this.series, cx));
                    this.attempt.set(None);
                    Err(Error::Timeout { policy: policy.core.id.name.clone(), after })
                }
            };
            let verdict = policy.classifier.classify(outcome.as_ref());
            if verdict != Verdict::Failure {
                this.series.ended(policy, verdict, outcome.is_ok());
                return Poll::Ready(outcome);
            }
            // Boxed: a cold function that took `outcome` by reference would keep every outcome out of registers.
            match this.series.failed(policy, Box::new(outcome)) {
                Ok(pause) => {
                    this.attempt.set(None);
                    this.series.timer().arm(pause);
                }
                Err(last) => return Poll::Ready(*last),
            }
        }
    }
}

/// The attempt is not ready: its limit once that has passed.
#[cold]
#[inline(never)]
fn pending<C, O: Observer, N>(
    policy: &Retry<C, O, N>,
    series: &mut Series,
    cx: &mut Context<'_>,
) -> Poll<Duration> {
    series.takes_time(policy.core.is_timed());
    let Some(limit) = policy.core.attempt_limit() else { return Poll::Pending };
    let timer = series.timer();
    if !timer.is_armed() {
        timer.arm(limit);
    }
    ready!(timer.poll(cx));
    policy.core.count_timed_out();
    policy.observer.on(&policy.core.id, Event::TimedOut(limit));
    Poll::Ready(limit)
}
