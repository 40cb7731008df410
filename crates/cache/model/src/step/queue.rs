//! The **queue** of steps 8 and 9. What failed, or whose outcome is unknown, or whose answer is an old one, is `Queued`: the node
//! voids, for a stamp all it has, since it cannot know the stamp; and reads no L2 until it was told again. Where nodes have
//! clocks of their own, a second stamp by that clock says of L1 what is dead, and only flights are voided.

use super::{Step, Writing, connect, invalidate_key, write};
use crate::clock::{self, Clocks};
use crate::generation;
use crate::model::Coherence;
use crate::state::{InvalidationStage as Stage, State, Target};

pub(super) fn offer(model: &Coherence, state: &State, writing: Writing, steps: &mut Vec<Step>) {
    if model.protocol.queue_replays && write::reaches_all(model, state, writing) {
        steps.push(Step::Replay(writing));
    }
}

/// Whether the node still owes an invalidation.
pub(super) fn blocks_l2(model: &Coherence, state: &State, node: u8) -> bool {
    model.protocol.queue_blocks_l2 && state.invalidations.iter().any(|owed| owed.queued && owed.node == node)
}

pub(crate) fn owe(model: &Coherence, state: &mut State, writing: Writing) {
    let (node, at) = (usize::from(writing.node), writing.index(model));
    let told_again = state.invalidations[at].queued && !model.protocol.retold_voids;
    if model.protocol.bump_on_failure && !told_again {
        match (writing.target, model.protocol.clocks) {
            (Target::Stamp, Clocks::Dense) => generation::bump_all(model, state, node),
            (Target::Stamp, _) => {
                generation::void_flights(model, state, node);
                let now = clock::tick(model, state, node);
                state.nodes[node].stamp = now;
            }
            (named, _) => {
                model.scenario.named(named).for_each(|key| generation::bump(model, state, node, key));
            }
        }
    }
    invalidate_key::forget_round(state, at);
    let owed = &mut state.invalidations[at];
    (owed.stage, owed.queued) = (Stage::Queued, true);
    let version = owed.version;
    for key in model.scenario.keys().filter(|key| writing.target.covers(*key)) {
        state.nodes[node].own[key] = version.max(state.nodes[node].own[key]);
    }
    connect::refused(model, state, node);
}

/// Begins the next round, with whatever it begins with.
pub(super) fn replay(model: &Coherence, state: &mut State, writing: Writing) {
    let first = invalidate_key::next(model, state, writing);
    super::take(model, state, first);
}
