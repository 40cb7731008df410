use super::{Admission, Bulkhead, BulkheadFuture, Place, Priority, Queueing, Refusal, label::Tally};
use crate::{
    Attempt, Describe, Operation, Policy, PolicyExt, StartsOnce,
    pipeline::Stage,
    telemetry::{Event, Observer},
};
use std::task::{Context, Poll, ready};

/// A [`Bulkhead`] seen by some of its callers: the same places and the same line, with counts of their own under a
/// label, or with another priority.
///
/// It borrows the bulkhead, is copied freely, and stands in a pipeline as the bulkhead itself would.
///
/// ```
/// # use mainstay_resilience::{Bulkhead, BulkheadConfig, PolicyExt, Timeout, bulkhead::Priority};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bulkhead = Bulkhead::new("db", BulkheadConfig::DATABASE).unwrap();
/// let search = (
///     Timeout::new("search", Duration::from_secs(2)).unwrap(),
///     bulkhead.labelled("search").priority(Priority::High),
/// );
/// search.call(|| async { Ok::<_, std::io::Error>(()) }).await.unwrap();
/// assert_eq!(bulkhead.snapshot().labels[0].admitted, 1);
/// # }
/// ```
pub struct BulkheadView<'p, O = ()> {
    pub(super) bulkhead: &'p Bulkhead<O>,
    pub(super) tally: Option<&'p Tally>,
    pub(super) priority: Priority,
}

impl<O> Clone for BulkheadView<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for BulkheadView<'_, O> {}

impl<'p, O> BulkheadView<'p, O> {
    /// The same view for calls of this priority.
    #[must_use]
    pub fn priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// A place, if one is free and nobody waits.
    #[inline]
    pub(super) fn try_enter(self) -> Option<Place<'p>> {
        self.bulkhead.places.try_enter().then(|| Place::taken(&self.bulkhead.places, self.tally))
    }

    /// The place that was kept for a call of this view.
    #[inline]
    pub(super) fn kept_place(self) -> Place<'p> {
        Place::kept(&self.bulkhead.places, self.tally)
    }
}

impl<'p, O: Observer> BulkheadView<'p, O> {
    /// The way of a call that did not find a place at once; with the place, what is left of its time.
    #[cold]
    pub(super) fn poll_enter(
        self,
        queueing: &mut Queueing<'p>,
        attempt: Attempt,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Place<'p>, Attempt), Refusal>> {
        let Self { bulkhead, tally, priority } = self;
        let arrives = !queueing.is_waiting();
        if arrives && attempt.is_out_of_time() {
            return Poll::Ready(Err(self.turned_away(Refusal::OutOfTime)));
        }
        let entry = queueing.poll_enter(cx, &bulkhead.places, tally, priority, || bulkhead.queue_timeout());
        if arrives && queueing.is_waiting() {
            bulkhead.observer.on(&bulkhead.id, Event::Queued);
        }
        let (place, admission) = match ready!(entry) {
            Ok(admitted) => admitted,
            Err(refusal) => return Poll::Ready(Err(self.turned_away(refusal))),
        };
        let left = match admission {
            Admission::Waited(waited) => {
                bulkhead.observer.on(&bulkhead.id, Event::Waited(waited));
                attempt.after(waited)
            }
            Admission::OverLimit { would_reject: true } => {
                bulkhead.count_would_reject();
                attempt
            }
            Admission::OverLimit { would_reject: false } | Admission::AtOnce => attempt,
        };
        if left.is_out_of_time() {
            drop(place);
            return Poll::Ready(Err(self.turned_away(Refusal::OutOfTime)));
        }
        Poll::Ready(Ok((place, left)))
    }

    fn turned_away(self, refusal: Refusal) -> Refusal {
        if let Some(tally) = self.tally {
            Tally::add(&tally.rejected);
        }
        self.bulkhead.count_rejected();
        refusal
    }
}

impl<O> std::fmt::Debug for BulkheadView<'_, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BulkheadView")
            .field("bulkhead", &self.bulkhead.name())
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

impl<'p, Op: Operation, O: Observer> Policy<Op> for &BulkheadView<'p, O> {
    type Future = BulkheadFuture<'p, Op, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        BulkheadFuture::new(*self, op, attempt)
    }
}

impl<O> PolicyExt for BulkheadView<'_, O> {}
impl<O> StartsOnce for BulkheadView<'_, O> {}

impl<O> Describe for BulkheadView<'_, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        self.bulkhead.describe(stages);
    }
}
