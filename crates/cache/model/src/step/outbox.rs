//! The **outbox**: the invalidation is a row, written in the transaction of the data. A relay, on any node, takes the row and
//! invalidates as a writer would. The row is gone when the answer is `Applied`; until then a crash gives it back. So it is
//! delivered at least once, whatever became of the writer's own invalidation, which goes on beside it.

use super::{Step, Writing};
use crate::model::Coherence;
use crate::state::{InvalidationStage as Stage, State};

pub(super) fn offer(state: &State, row: Writing, steps: &mut Vec<Step>) {
    for node in 0..state.nodes.len() as u8 {
        steps.push(Step::Relay(Writing { node, ..row }));
    }
}

pub(super) fn relay(model: &Coherence, state: &mut State, writing: Writing) {
    let row = &mut state.invalidations[writing.index(model)];
    (row.stage, row.node) = (Stage::Committed, writing.node);
}
