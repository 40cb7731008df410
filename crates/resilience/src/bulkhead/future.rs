use super::{
    Bulkhead,
    policy::{Place, Waiting},
    queue::Entry,
};
use crate::{Attempt, Operation, operation::Outcome};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

pin_project! {
    /// A call through a [`Bulkhead`].
    ///
    /// # Cancel safety
    /// Dropping it drops the operation, then gives its place to the next in line; in the line it gives up its ticket,
    /// and a place that was granted unseen goes on to the next. Never polled, it holds nothing.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct BulkheadFuture<'p, Op: Operation> {
        bulkhead: &'p Bulkhead,
        // Taken when the operation starts.
        op: Option<Op>,
        attempt: Attempt,
        waiting: Option<Waiting<'p>>,
        since: Option<Instant>,
        #[pin]
        queue_timer: Option<Sleep>,
        // Before `place`: fields are dropped in order, and the next in line must not overlap with this one's end.
        #[pin]
        inner: Option<Op::Future>,
        place: Option<Place<'p>>,
    }
}

impl<'p, Op: Operation> BulkheadFuture<'p, Op> {
    pub(super) fn new(bulkhead: &'p Bulkhead, op: Op, attempt: Attempt) -> Self {
        Self {
            bulkhead,
            op: Some(op),
            attempt,
            waiting: None,
            since: None,
            queue_timer: None,
            inner: None,
            place: None,
        }
    }

    /// Waits for a place; `Ready` holds it.
    fn poll_place(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Place<'p>, crate::Error<Op::Error>>> {
        let mut this = self.project();
        let bulkhead = *this.bulkhead;
        let config = &bulkhead.config;
        if let Some(waiting) = this.waiting.take() {
            if bulkhead.queue.is_granted(&waiting.ticket, cx.waker()) {
                this.queue_timer.set(None);
                return Poll::Ready(Ok(waiting.granted()));
            }
            *this.waiting = Some(waiting);
        } else {
            match bulkhead.queue.enter(config.max_concurrent, config.max_queued, cx.waker()) {
                Entry::Granted => return Poll::Ready(Ok(Place(bulkhead))),
                Entry::Full { queued } => return Poll::Ready(Err(bulkhead.full(queued, Duration::ZERO))),
                Entry::Queued(ticket) => {
                    *this.waiting = Some(Waiting { bulkhead, ticket });
                    *this.since = Some(Instant::now());
                    this.queue_timer.set(config.queue_timeout.map(tokio::time::sleep));
                }
            }
        }
        if let Some(timer) = this.queue_timer.as_mut().as_pin_mut() {
            ready!(timer.poll(cx));
            *this.waiting = None;
            let waited = this.since.map_or(Duration::ZERO, |since| since.elapsed());
            return Poll::Ready(Err(bulkhead.full(bulkhead.queue.counts().1, waited)));
        }
        Poll::Pending
    }
}

impl<Op: Operation> Future for BulkheadFuture<'_, Op> {
    type Output = Outcome<Op>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.place.is_none() {
            let place = ready!(self.as_mut().poll_place(cx))?;
            let mut this = self.as_mut().project();
            let waited = this.since.map_or(Duration::ZERO, |since| since.elapsed());
            let attempt = this.attempt.after(waited);
            let op = this.op.take().expect("not polled after it was ready");
            if attempt.is_out_of_time() {
                drop(place);
                return Poll::Ready(Err(this.bulkhead.out_of_time()));
            }
            *this.place = Some(place);
            this.inner.set(Some(op.start(attempt)));
        }
        let mut this = self.project();
        let inner = this.inner.as_mut().as_pin_mut().expect("set with the place, cleared with it");
        let outcome = ready!(inner.poll(cx));
        this.inner.set(None);
        *this.place = None;
        Poll::Ready(outcome)
    }
}
