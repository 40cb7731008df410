use super::{Fallback, Substitute};
use crate::{
    Attempt, Classify, Error, Operation, Verdict,
    operation::Outcome,
    telemetry::{Event, Observer},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A call under a [`Fallback`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation, or the one that stands in for it; nothing else is held.
    #[allow(missing_debug_implementations, reason = "holds futures of the user's")]
    pub struct FallbackFuture<'p, Op, S, C, O>
    where
        Op: Operation,
        S: Substitute<Op::Value, Op::Error>,
    {
        policy: &'p Fallback<S, C, O>,
        #[pin]
        call: Call<Op::Future, S::Future, Op::Error>,
    }
}

pin_project! {
    #[project = Calling]
    enum Call<Fut, Other, E> {
        Original { #[pin] future: Fut },
        // Boxed: only a call that failed pays for it.
        Other { #[pin] future: Other, original: Option<Box<Error<E>>> },
    }
}

impl<'p, Op, S, C, O> FallbackFuture<'p, Op, S, C, O>
where
    Op: Operation,
    S: Substitute<Op::Value, Op::Error>,
{
    #[inline]
    pub(super) fn new(policy: &'p Fallback<S, C, O>, op: &Op, attempt: Attempt) -> Self {
        Self { policy, call: Call::Original { future: op.start(attempt) } }
    }
}

impl<Op, S, C, O> Future for FallbackFuture<'_, Op, S, C, O>
where
    Op: Operation,
    S: Substitute<Op::Value, Op::Error>,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Output = Outcome<Op>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let policy = *this.policy;
        loop {
            match this.call.as_mut().project() {
                Calling::Original { future } => {
                    let error = match ready!(future.poll(cx)) {
                        Ok(value) => {
                            policy.observer.on(&policy.id, Event::Ended(Verdict::Success));
                            return Poll::Ready(Ok(value));
                        }
                        Err(error) => Box::new(error),
                    };
                    if let Some(verdict) = policy.passes(policy.classifier.classify(Err(&error))) {
                        policy.observer.on(&policy.id, Event::Ended(verdict));
                        return Poll::Ready(Err(*error));
                    }
                    // The failed operation is dropped before the other is polled.
                    let future = policy.substitute.stand_in(&error);
                    this.call.set(Call::Other { future, original: Some(error) });
                }
                Calling::Other { future, original } => {
                    return Poll::Ready(match ready!(future.poll(cx)) {
                        Ok(value) => {
                            policy.counts.answered.increment();
                            policy.observer.on(&policy.id, Event::FellBack);
                            Ok(value)
                        }
                        Err(error) => {
                            policy.counts.failed.increment();
                            policy.observer.on(&policy.id, Event::Ended(Verdict::Failure));
                            let original = original.take().expect("not polled after it was ready");
                            let (policy, error) = (policy.id.name.clone(), Box::new(error));
                            Err(Error::FallbackFailed { policy, error, original })
                        }
                    });
                }
            }
        }
    }
}

impl<S, C, O: Observer> Fallback<S, C, O> {
    /// What an error counts as that is the answer; `None` for one that is answered for.
    #[cold]
    fn passes(&self, verdict: Verdict) -> Option<Verdict> {
        if verdict != Verdict::Failure {
            self.counts.passed.increment();
            return Some(verdict);
        }
        if self.config.read().shadow {
            self.counts.would_answer.increment();
            self.observer.on(&self.id, Event::WouldAct);
            return Some(verdict);
        }
        None
    }
}
