use super::Retry;
use crate::{Attempt, Classify, Error, Operation, StoppedBy, Verdict, operation::Outcome};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

pin_project! {
    /// A call under a [`Retry`].
    ///
    /// # Cancel safety
    /// Dropping it drops the attempt or the pause it is in; nothing else is held.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct RetryFuture<'p, Op: Operation, C> {
        policy: &'p Retry<C>,
        op: Op,
        first: Attempt,
        number: u32,
        // When the series began to take time: the first `Pending`. An operation that is ready at once costs no clock.
        began: Option<Instant>,
        #[pin]
        attempt: Op::Future,
        #[pin]
        pause: Option<Sleep>,
    }
}

impl<'p, Op: Operation, C> RetryFuture<'p, Op, C> {
    pub(super) fn new(policy: &'p Retry<C>, op: Op, first: Attempt) -> Self {
        let attempt = op.start(first);
        Self { policy, op, first, number: first.number(), began: None, attempt, pause: None }
    }
}

impl<Op, C> Future for RetryFuture<'_, Op, C>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
{
    type Output = Outcome<Op>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if let Some(pause) = this.pause.as_mut().as_pin_mut() {
                ready!(pause.poll(cx));
                this.pause.set(None);
                let spent = this.began.map_or(Duration::ZERO, |began| began.elapsed());
                this.attempt.set(this.op.start(this.first.after(spent).numbered(*this.number)));
            }
            let Poll::Ready(outcome) = this.attempt.as_mut().poll(cx) else {
                this.began.get_or_insert_with(Instant::now);
                return Poll::Pending;
            };
            let tried_again = *this.number > this.first.number();
            if this.policy.classifier.classify(outcome.as_ref()) != Verdict::Failure {
                if tried_again && outcome.is_ok() {
                    this.policy.counts.recovered.fetch_add(1, Relaxed);
                }
                return Poll::Ready(outcome);
            }
            match this.policy.next_pause(
                *this.number - this.first.number() + 1,
                &outcome,
                *this.first,
                *this.began,
            ) {
                Ok(pause) => {
                    this.policy.counts.attempts.fetch_add(1, Relaxed);
                    if !tried_again {
                        this.policy.counts.retried.fetch_add(1, Relaxed);
                    }
                    *this.number = this.number.saturating_add(1);
                    this.began.get_or_insert_with(Instant::now);
                    this.pause.set(Some(tokio::time::sleep(pause)));
                }
                Err(stopped_by) => {
                    this.policy.counts.exhausted.fetch_add(1, Relaxed);
                    let attempts = *this.number - this.first.number() + 1;
                    return Poll::Ready(this.policy.give_up(outcome, attempts, stopped_by));
                }
            }
        }
    }
}

impl<C> Retry<C> {
    /// The pause before the next attempt, or why there is none.
    fn next_pause<T, E>(
        &self,
        attempts: u32,
        outcome: &Result<T, Error<E>>,
        first: Attempt,
        began: Option<Instant>,
    ) -> Result<Duration, StoppedBy> {
        if attempts >= self.config.max_attempts {
            return Err(StoppedBy::Attempts);
        }
        let asked = outcome.as_ref().err().and_then(Error::retry_after).unwrap_or_default();
        let pause = self.backoff.pause(&self.config, attempts).max(asked);
        if let Some(left) = first.time_left() {
            let spent = began.map_or(Duration::ZERO, |began| began.elapsed());
            if spent.saturating_add(pause) >= left {
                return Err(StoppedBy::Deadline);
            }
        }
        Ok(pause)
    }

    /// A single attempt that failed keeps its own error; a series says that it was one.
    fn give_up<T, E>(
        &self,
        outcome: Result<T, Error<E>>,
        attempts: u32,
        stopped_by: StoppedBy,
    ) -> Result<T, Error<E>> {
        match outcome {
            Err(last) if attempts > 1 => {
                let (policy, last) = (self.name.clone(), Box::new(last));
                Err(Error::RetriesExhausted { policy, attempts, stopped_by, last })
            }
            only => only,
        }
    }
}
