//! The **queue** of steps 8 and 9. What failed, or whose outcome is unknown, or whose answer is an old one, is `Queued`: the node
//! voids, for a stamp all it has, since it cannot know the stamp; and reads no L2 until it was told again.

use super::{Step, Writing, connect, invalidate_key, write};
use crate::generation;
use crate::model::Coherence;
use crate::scenario::Layout;
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
    if model.protocol.bump_on_failure {
        match writing.target {
            Target::Key(key) => generation::bump(model, state, node, key.into()),
            Target::Stamp => generation::bump_all(model, state, node),
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

pub(super) fn replay(model: &Coherence, state: &mut State, writing: Writing) {
    match (model.scenario.layout, writing.target) {
        (Layout::Cluster, Target::Key(_)) if model.protocol.slot_first => {
            invalidate_key::revoke_slot(model, state, writing);
        }
        (Layout::Cluster, Target::Key(_)) => invalidate_key::announce(model, state, writing),
        _ => invalidate_key::invalidate_key(model, state, writing),
    }
}
