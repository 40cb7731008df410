use super::{AdaptiveFuture, AdaptiveLimit};
use crate::{
    Attempt, Classify, Describe, Operation, Policy, PolicyExt, StartsOnce,
    bulkhead::{Admission, Place, Priority, Queueing, Refusal},
    pipeline::Stage,
    telemetry::{Event, Observer},
};
use std::task::{Context, Poll, ready};

/// An [`AdaptiveLimit`] for calls of one priority: the same limit and the same queue.
///
/// It borrows the limit, is copied freely, and stands in a pipeline as the limit itself would.
pub struct AdaptiveView<'p, C, O> {
    pub(super) policy: &'p AdaptiveLimit<C, O>,
    pub(super) priority: Priority,
}

impl<C, O> Clone for AdaptiveView<'_, C, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, O> Copy for AdaptiveView<'_, C, O> {}

impl<C, O> std::fmt::Debug for AdaptiveView<'_, C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdaptiveView")
            .field("policy", &self.policy.name())
            .field("priority", &self.priority)
            .finish()
    }
}

impl<'p, C, O> AdaptiveView<'p, C, O> {
    /// The place that was kept for a call of this view.
    pub(super) fn kept_place(self) -> Place<'p> {
        Place::kept(&self.policy.places, None)
    }
}

impl<'p, C, O: Observer> AdaptiveView<'p, C, O> {
    /// A place, with how many then run and what is left of the call's time.
    pub(super) fn poll_enter(
        self,
        queueing: &mut Queueing<'p>,
        attempt: Attempt,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Place<'p>, usize, Attempt), Refusal>> {
        let Self { policy, priority } = self;
        let arrives = !queueing.is_waiting();
        if arrives {
            if attempt.is_out_of_time() {
                return Poll::Ready(Err(policy.turned_away(Refusal::OutOfTime)));
            }
            if let Some((place, running)) = Place::try_share(&policy.places, priority) {
                return Poll::Ready(Ok((place, running, attempt)));
            }
        }
        let entry = queueing.poll_enter(cx, &policy.places, None, priority, || policy.queue_timeout());
        if arrives && queueing.is_waiting() {
            policy.observer.on(&policy.id, Event::Queued);
        }
        let (place, admission) = match ready!(entry) {
            Ok(admitted) => admitted,
            Err(refusal) => return Poll::Ready(Err(policy.turned_away(refusal))),
        };
        let left = match admission {
            Admission::Waited(waited) => {
                policy.observer.on(&policy.id, Event::Waited(waited));
                attempt.after(waited)
            }
            Admission::OverLimit { would_reject: true } => {
                policy.count_would_reject();
                attempt
            }
            Admission::OverLimit { would_reject: false } | Admission::AtOnce => attempt,
        };
        if left.is_out_of_time() {
            drop(place);
            return Poll::Ready(Err(policy.turned_away(Refusal::OutOfTime)));
        }
        Poll::Ready(Ok((place, policy.places.running(), left)))
    }
}

impl<'p, Op, C, O> Policy<Op> for &AdaptiveView<'p, C, O>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Future = AdaptiveFuture<'p, Op, C, O>;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        AdaptiveFuture::new(*self, op, attempt)
    }
}

impl<C, O> PolicyExt for AdaptiveView<'_, C, O> {}
impl<C, O> StartsOnce for AdaptiveView<'_, C, O> {}

impl<C, O> Describe for AdaptiveView<'_, C, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        self.policy.describe(stages);
    }
}
