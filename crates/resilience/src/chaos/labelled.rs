use super::{Aim, Chaos, ChaosFuture, Make};
use crate::{
    Attempt, Describe, Operation, OptionalFuture, Policy, PolicyExt, StartsOnce, pipeline::Stage,
    telemetry::Observer,
};

/// A [`Chaos`] for calls of one label: a policy.
pub struct Labelled<'c, F = (), V = (), A = (), O = ()> {
    pub(super) chaos: &'c Chaos<F, V, A, O>,
    pub(super) label: &'c str,
}

impl<F, V, A, O> Clone for Labelled<'_, F, V, A, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, V, A, O> Copy for Labelled<'_, F, V, A, O> {}

impl<F, V, A, O> std::fmt::Debug for Labelled<'_, F, V, A, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Labelled").field("label", &self.label).field("chaos", &self.chaos).finish()
    }
}

impl<'p, Op, F, V, A, O> Policy<Op> for &'p Labelled<'_, F, V, A, O>
where
    Op: Operation,
    F: Make<Op::Error>,
    V: Make<Op::Value>,
    A: Aim,
    O: Observer,
{
    type Future = OptionalFuture<ChaosFuture<'p, Op, F, V, A, O>, Op::Future>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        ChaosFuture::new(self.chaos, Some(self.label), op, attempt)
    }
}

impl<F, V, A, O> PolicyExt for Labelled<'_, F, V, A, O> {}
impl<F, V, A, O> StartsOnce for Labelled<'_, F, V, A, O> {}

impl<F, V, A, O> Describe for Labelled<'_, F, V, A, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        self.chaos.describe(stages);
    }
}
