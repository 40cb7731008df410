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
        // For a call that had to wait, and has less time left then.
        op: Op,
        attempt: Attempt,
        queueing: Queueing<'p>,
        holds_place: bool,
        // Made where it lies, and polled only with a place.
        #[pin]
        inner: Option<Op::Future>,
    }

    impl<Op: Operation, O> PinnedDrop for BulkheadFuture<'_, Op, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if *this.holds_place {
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
        let inner = Op::RESTARTS.then(|| op.start(attempt));
        Self { view, op, attempt, queueing: Queueing::default(), holds_place: false, inner }
    }
}

impl<Op: Operation, O: Observer> Future for BulkheadFuture<'_, Op, O> {
    type Output = Outcome<Op>;

    // Into the policy around it: out of line, every outcome would go through memory.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let view = *this.view;
        if !*this.holds_place {
            let at_once = !this.attempt.is_out_of_time() && !this.queueing.is_waiting();
            let place = match if at_once { view.try_enter() } else { None } {
                Some(place) => place,
                None => match view.poll_enter(this.queueing, *this.attempt, cx) {
                    Poll::Ready(Ok((place, attempt))) => {
                        if Op::RESTARTS && attempt != *this.attempt {
                            this.inner.set(Some(this.op.start(attempt)));
                        }
                        *this.attempt = attempt;
                        place
                    }
                    Poll::Ready(Err(refusal)) => return Poll::Ready(Err(error(view.bulkhead, refusal))),
                    Poll::Pending => return Poll::Pending,
                },
            };
            if !Op::RESTARTS {
                this.inner.set(Some(this.op.start(*this.attempt)));
            }
            *this.holds_place = true;
            place.keep();
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("cleared at the only `Ready`");
        let outcome = ready!(inner.poll(cx));
        *this.holds_place = false;
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
