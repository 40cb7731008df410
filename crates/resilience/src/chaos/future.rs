use super::{Aim, Chaos, Make, Target, plan::Effect};
use crate::{
    Attempt, Error, Operation, OptionalFuture,
    operation::Outcome,
    telemetry::{Event, Observer},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, ready},
};
use tokio::time::{Instant, Sleep};

pin_project! {
    /// A call through a [`Chaos`] that is enabled; through one that is not, it is the operation's own future.
    ///
    /// # Cancel safety
    /// Dropping it drops the operation; nothing else is held. Its fate is dealt at the first poll.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct ChaosFuture<'p, Op: Operation, F, V, A, O> {
        chaos: &'p Chaos<F, V, A, O>,
        label: Option<&'p str>,
        // Taken when the operation starts.
        op: Option<Op>,
        attempt: Attempt,
        delay: Option<Box<Delayed>>,
        effect: Option<Effect>,
        #[pin]
        inner: Option<Op::Future>,
    }
}

struct Delayed {
    since: Instant,
    timer: Pin<Box<Sleep>>,
}

/// What to do now with a call that may be disturbed.
enum Step {
    Start,
    OutOfTime,
    Panic,
    Fault,
    Outcome,
}

impl<'p, Op: Operation, F, V, A, O> ChaosFuture<'p, Op, F, V, A, O> {
    #[inline]
    pub(super) fn new(
        chaos: &'p Chaos<F, V, A, O>,
        label: Option<&'p str>,
        op: Op,
        attempt: Attempt,
    ) -> OptionalFuture<Self, Op::Future> {
        if !chaos.is_enabled() {
            return OptionalFuture::Plain { future: op.start(attempt) };
        }
        let op = Some(op);
        let future = Self { chaos, label, op, attempt, delay: None, effect: None, inner: None };
        OptionalFuture::Guarded { future }
    }
}

impl<Op: Operation, F, V, A: Aim, O: Observer> ChaosFuture<'_, Op, F, V, A, O> {
    /// Brings a call that is not started to the point where it is clear what becomes of it.
    #[cold]
    #[inline(never)]
    fn poll_step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Step> {
        let this = self.project();
        let chaos = *this.chaos;
        if this.delay.is_none() {
            let target = Target::new(*this.attempt, *this.label);
            match chaos.deal(&target) {
                None => {}
                Some((plan, false)) => {
                    *this.effect = plan.effect;
                    if let Some(delay) = plan.delay {
                        chaos.inject(&chaos.counts.delays);
                        let timer = Box::pin(tokio::time::sleep(delay));
                        *this.delay = Some(Box::new(Delayed { since: Instant::now(), timer }));
                    }
                }
                Some((plan, true)) => {
                    if plan.delay.is_some() || plan.effect.is_some() {
                        chaos.counts.would_disturb.fetch_add(1, Ordering::Relaxed);
                    }
                    if plan.effect.is_some() {
                        chaos.observer.on(&chaos.id, Event::WouldReject);
                    }
                }
            }
        }
        if let Some(delayed) = this.delay {
            ready!(delayed.timer.as_mut().poll(cx));
            *this.attempt = this.attempt.after(delayed.since.elapsed());
            *this.delay = None;
            if this.attempt.is_out_of_time() {
                return Poll::Ready(Step::OutOfTime);
            }
        }
        Poll::Ready(match this.effect {
            None => Step::Start,
            Some(Effect::Panic) => Step::Panic,
            Some(Effect::Fault) => Step::Fault,
            Some(Effect::Outcome) => Step::Outcome,
        })
    }
}

impl<F, V, A, O: Observer> Chaos<F, V, A, O> {
    fn inject(&self, count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
        self.observer.on(&self.id, Event::Injected);
    }
}

impl<Op, F, V, A, O> Future for ChaosFuture<'_, Op, F, V, A, O>
where
    Op: Operation,
    F: Make<Op::Error>,
    V: Make<Op::Value>,
    A: Aim,
    O: Observer,
{
    type Output = Outcome<Op>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.inner.is_none() {
            let step = ready!(self.as_mut().poll_step(cx));
            let mut this = self.as_mut().project();
            let chaos = *this.chaos;
            match step {
                Step::Start => {}
                Step::OutOfTime => {
                    return Poll::Ready(Err(Error::DeadlineExceeded { policy: chaos.id.name.clone() }));
                }
                Step::Panic => {
                    chaos.inject(&chaos.counts.panics);
                    panic!("chaos `{}` injected this panic", chaos.id.name);
                }
                Step::Fault => {
                    if let Some(error) = chaos.fault.make(*this.attempt) {
                        chaos.inject(&chaos.counts.faults);
                        return Poll::Ready(Err(Error::Operation(error)));
                    }
                }
                Step::Outcome => {
                    if let Some(value) = chaos.outcome.make(*this.attempt) {
                        chaos.inject(&chaos.counts.outcomes);
                        return Poll::Ready(Ok(value));
                    }
                }
            }
            let op = this.op.take().expect("not polled after it was ready");
            this.inner.set(Some(op.start(*this.attempt)));
        }
        self.project().inner.as_pin_mut().expect("set above").poll(cx)
    }
}
