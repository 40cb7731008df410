use super::{AdaptiveLimit, AdaptiveView};
use crate::{
    Attempt, Classify, Error, Operation, ShedReason,
    bulkhead::{Queueing, Refusal},
    operation::Outcome,
    telemetry::{Event, Observer},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::Instant;

pin_project! {
    /// A call under an [`AdaptiveLimit`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation, then gives its place to the next in line, and what it took so far tells what
    /// [`AdaptiveConfig::abandoned`](super::AdaptiveConfig::abandoned) says; in the line it gives up its ticket. Never
    /// polled, it holds nothing.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct AdaptiveFuture<'p, Op: Operation, C, O: Observer> {
        view: AdaptiveView<'p, C, O>,
        // Started where it lies: taken out, it would be copied in wider words than it was written in, which the processor
        // has to wait for.
        op: Op,
        attempt: Attempt,
        queueing: Queueing<'p>,
        flight: Option<Flight>,
        // It holds a place for as long as there is one.
        #[pin]
        inner: Option<Op::Future>,
    }

    impl<Op: Operation, C, O: Observer> PinnedDrop for AdaptiveFuture<'_, Op, C, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                let place = this.view.kept_place();
                this.inner.set(None);
                drop(place);
                if let Some(flight) = this.flight.take() {
                    this.view.policy.abandoned(flight);
                }
            }
        }
    }
}

/// A call that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) began: Instant,
    /// Calls that ran when it began, itself included.
    pub(super) running: usize,
}

impl<'p, Op: Operation, C, O: Observer> AdaptiveFuture<'p, Op, C, O> {
    pub(super) fn new(view: AdaptiveView<'p, C, O>, op: Op, attempt: Attempt) -> Self {
        Self { view, op, attempt, queueing: Queueing::default(), flight: None, inner: None }
    }
}

impl<Op, C, O> Future for AdaptiveFuture<'_, Op, C, O>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Output = Outcome<Op>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let view = *this.view;
        if this.inner.is_none() {
            let (place, running, attempt) = match ready!(view.poll_enter(this.queueing, *this.attempt, cx)) {
                Ok(entered) => entered,
                Err(refusal) => return Poll::Ready(Err(error(view.policy, refusal))),
            };
            *this.flight = Some(Flight { began: Instant::now(), running });
            this.inner.set(Some(this.op.start(attempt)));
            place.keep();
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("set on entry, cleared at the only `Ready`");
        let outcome = ready!(inner.poll(cx));
        let flight = this.flight.take().expect("set on entry, taken at the only `Ready`");
        let ended = Instant::now();
        let place = view.kept_place();
        this.inner.set(None);
        drop(place);
        // A classifier that panics leaves nothing held.
        let verdict = view.policy.classifier.classify(outcome.as_ref());
        view.policy.record(flight, ended, verdict);
        view.policy.observer.on(&view.policy.id, Event::Ended(verdict));
        Poll::Ready(outcome)
    }
}

fn error<C, O, E>(limit: &AdaptiveLimit<C, O>, refusal: Refusal) -> Error<E> {
    let policy = limit.id.name.clone();
    let reason = match refusal {
        Refusal::OutOfTime => return Error::DeadlineExceeded { policy },
        Refusal::Full { .. } => ShedReason::OverLimit,
        Refusal::TooLong { .. } => ShedReason::Overdue,
        Refusal::Shed(reason) => reason,
    };
    Error::Shed { policy, reason, retry_after: limit.latency() }
}
