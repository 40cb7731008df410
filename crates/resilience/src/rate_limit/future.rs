use super::{
    meter::{Decision, Meter},
    waiting::Waiting,
    word::Word,
};
use crate::{
    Attempt, Error, Operation, Verdict,
    operation::Outcome,
    telemetry::{Event, Observer},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::Sleep;

pin_project! {
    /// A call under a rate limit.
    ///
    /// # Cancel safety
    /// Dropping it while it waits gives its turn back, to the next who has to wait; once it has started, its turn is used.
    /// Never polled, it takes none.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct RateLimitFuture<'p, Op: Operation, O: Observer> {
        meter: &'p Meter<O>,
        word: &'p Word,
        // Started where it lies: taken out, it would be copied in wider words than it was written in, which the processor
        // has to wait for.
        op: Op,
        attempt: Attempt,
        waiting: Option<Waiting<'p, O>>,
        // Boxed: rare, and large.
        timer: Option<Pin<Box<Sleep>>>,
        #[pin]
        inner: Option<Op::Future>,
    }
}

impl<'p, Op: Operation, O: Observer> RateLimitFuture<'p, Op, O> {
    #[inline]
    pub(super) fn new(meter: &'p Meter<O>, word: &'p Word, op: Op, attempt: Attempt) -> Self {
        Self { meter, word, op, attempt, waiting: None, timer: None, inner: None }
    }
}

impl<Op: Operation, O: Observer> Future for RateLimitFuture<'_, Op, O> {
    type Output = Outcome<Op>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let meter = *this.meter;
        if this.inner.is_none() {
            if this.timer.is_none() {
                if this.attempt.is_out_of_time() {
                    meter.count_rejected();
                    return Poll::Ready(Err(Error::DeadlineExceeded { policy: meter.id.name.clone() }));
                }
                match meter.decide(this.word, *this.attempt) {
                    Decision::Start => {}
                    Decision::Wait(turn, wait) => {
                        *this.timer = Some(Box::pin(tokio::time::sleep_until(meter.moment(&turn))));
                        *this.waiting = Some(Waiting::new(meter, this.word, turn, wait));
                    }
                    Decision::Refuse(retry_after) => {
                        let (policy, retry_after) = (meter.id.name.clone(), Some(retry_after));
                        return Poll::Ready(Err(Error::RateLimited { policy, retry_after }));
                    }
                }
            }
            if let Some(timer) = this.timer {
                ready!(timer.as_mut().poll(cx));
                let waiting = this.waiting.take().expect("set with the timer, cleared with it");
                *this.timer = None;
                let waited = waiting.waited();
                *this.attempt = this.attempt.after(waited);
                if this.attempt.is_out_of_time() {
                    drop(waiting);
                    meter.count_rejected();
                    return Poll::Ready(Err(Error::DeadlineExceeded { policy: meter.id.name.clone() }));
                }
                waiting.use_turn(waited);
            }
            this.inner.set(Some(this.op.start(*this.attempt)));
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("set above, cleared at `Ready`");
        let outcome = ready!(inner.poll(cx));
        this.inner.set(None);
        meter.observer.on(&meter.id, Event::Ended(Verdict::Success));
        Poll::Ready(outcome)
    }
}
