use std::sync::Arc;

use super::inner::Inner;
use super::role::Replicated;
use crate::observer::Observer;

/// How a call that was routed to a node ended there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The caller was gone, or impatient, before it was known.
    Abandoned,
    Served,
    Failed,
}

/// One call's place at a node; what came of it is counted when it is dropped, by whatever way that happens.
pub(super) struct Turn<M: Replicated, O: Observer> {
    pub(super) set: Arc<Inner<M, O>>,
    pub(super) node: u64,
    pub(super) trial: bool,
    pub(super) outcome: Outcome,
}

impl<M: Replicated, O: Observer> Turn<M, O> {
    pub(super) fn new(set: &Arc<Inner<M, O>>, node: u64, trial: bool) -> Self {
        Self { set: Arc::clone(set), node, trial, outcome: Outcome::Abandoned }
    }
}

impl<M: Replicated, O: Observer> Drop for Turn<M, O> {
    fn drop(&mut self) {
        self.set.settle(self.node, self.trial, self.outcome);
    }
}
