use super::{Bulkhead, BulkheadView, Queueing, Refusal};
use crate::{
    Attempt, Error, Operation, Verdict,
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
    /// A call through a [`Bulkhead`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation, then gives its place to the next in line; in the line it gives up its ticket,
    /// and a place that was granted unseen goes on to the next. Never polled, it holds nothing.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct BulkheadFuture<'p, Op: Operation, O> {
        view: BulkheadView<'p, O>,
        // Taken when the operation starts.
        op: Option<Op>,
        attempt: Attempt,
        queueing: Queueing<'p>,
        // It holds a place for as long as there is one.
        #[pin]
        inner: Option<Op::Future>,
    }

    impl<Op: Operation, O> PinnedDrop for BulkheadFuture<'_, Op, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                // After the operation, also if its end panics: the next in line must not overlap with it.
                let _place = this.view.kept_place();
                this.inner.set(None);
            }
        }
    }
}

impl<'p, Op: Operation, O> BulkheadFuture<'p, Op, O> {
    #[inline]
    pub(super) fn new(view: BulkheadView<'p, O>, op: Op, attempt: Attempt) -> Self {
        Self { view, op: Some(op), attempt, queueing: Queueing::default(), inner: None }
    }
}

impl<Op: Operation, O: Observer> Future for BulkheadFuture<'_, Op, O> {
    type Output = Outcome<Op>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let view = *this.view;
        if this.inner.is_none() {
            let op = this.op.take().expect("not polled after it was ready");
            let at_once = !this.attempt.is_out_of_time() && !this.queueing.is_waiting();
            let place = match if at_once { view.try_enter() } else { None } {
                Some(place) => place,
                None => match view.poll_enter(this.queueing, *this.attempt, cx) {
                    Poll::Ready(Ok((place, attempt))) => {
                        *this.attempt = attempt;
                        place
                    }
                    Poll::Ready(Err(refusal)) => return Poll::Ready(Err(error(view.bulkhead, refusal))),
                    Poll::Pending => {
                        *this.op = Some(op);
                        return Poll::Pending;
                    }
                },
            };
            this.inner.set(Some(op.start(*this.attempt)));
            place.keep();
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("set on entry, cleared at the only `Ready`");
        let outcome = ready!(inner.poll(cx));
        let place = view.kept_place();
        this.inner.set(None);
        if place.vacate() {
            // What follows may panic, and an outcome that has to be dropped then would be kept in memory all the way,
            // also where nobody waits: see the figures of `bulkhead_uncontended`.
            let outcome = Box::new(outcome);
            view.bulkhead.places.pass_on();
            view.bulkhead.observer.on(&view.bulkhead.id, Event::Ended(Verdict::Success));
            return Poll::Ready(*outcome);
        }
        view.bulkhead.observer.on(&view.bulkhead.id, Event::Ended(Verdict::Success));
        Poll::Ready(outcome)
    }
}

/// Inline: an error built behind a call would have the whole outcome go through memory, also of calls that succeed.
#[inline(always)]
fn error<O, E>(bulkhead: &Bulkhead<O>, refusal: Refusal) -> Error<E> {
    let (policy, limit) = (bulkhead.id.name.clone(), bulkhead.places.limit());
    match refusal {
        Refusal::OutOfTime => Error::DeadlineExceeded { policy },
        Refusal::Full { queued } => Error::BulkheadFull { policy, limit, queued, waited: Duration::ZERO },
        Refusal::TooLong { queued, waited } => Error::BulkheadFull { policy, limit, queued, waited },
        Refusal::Shed(reason) => Error::Shed { policy, reason, retry_after: None },
    }
}
