//! Before the protocol begins: the database commits. What an invalidation may do next is decided here by how far it got.

use super::{Step, Writing, connect, invalidate_key, invalidate_stamp, outbox, queue, settle};
use crate::fault::Fault;
use crate::model::Coherence;
use crate::state::{CONTROL, Invalidation, InvalidationStage as Stage, State, Target};

pub(super) fn offer(model: &Coherence, state: &State, writing: Writing, starts: bool, steps: &mut Vec<Step>) {
    let at = writing.index(model);
    match state.invalidations[at].stage {
        // Writers alike begin in their order: the other orders are the same by another name.
        Stage::Idle => {
            let earlier = state.invalidations[..at].iter().zip(&model.scenario.writers);
            let alike = earlier.filter(|(_, writes)| **writes == model.scenario.writers[at]);
            if !writing.relay && starts && alike.clone().all(|(other, _)| other.stage != Stage::Idle) {
                steps.push(Step::Write(writing));
            }
        }
        Stage::Row => outbox::offer(state, writing, steps),
        Stage::Committed => steps.push(Step::Bump(writing)),
        Stage::Bumped | Stage::Half => match writing.target {
            Target::Key(_) | Target::Keys => invalidate_key::offer(model, state, writing, steps),
            Target::Stamp => invalidate_stamp::offer(model, state, writing, steps),
        },
        Stage::Told => settle::offer(model, state, writing, steps),
        Stage::Queued => queue::offer(model, state, writing, steps),
        Stage::Applied | Stage::Dead => {}
    }
}

pub(super) fn write(model: &Coherence, state: &mut State, writing: Writing) {
    let database = &mut state.database;
    database.newest += 1;
    for key in model.scenario.keys().filter(|key| writing.target.covers(*key)) {
        database.primary[key] = database.newest;
    }
    let version = database.newest;
    if !model.scenario.allows(Fault::ReplicaLags) {
        catch_up(state);
    }
    let direct = &mut state.invalidations[writing.index(model)];
    (direct.stage, direct.version) = (Stage::Committed, version);
    if model.protocol.outbox {
        let row = Writing { relay: true, ..writing }.index(model);
        state.invalidations[row] = Invalidation { stage: Stage::Row, version, ..Invalidation::default() };
    }
}

pub(crate) fn catch_up(state: &mut State) {
    state.database.replica = state.database.primary;
}

/// Whether the node's scripts for this invalidation arrive everywhere.
pub(super) fn reaches_all(model: &Coherence, state: &State, writing: Writing) -> bool {
    buckets(model, writing).all(|bucket| connect::reaches(model, state, writing.node.into(), bucket))
}

/// The buckets an invalidation has to tell.
pub(super) fn buckets(model: &Coherence, writing: Writing) -> impl Iterator<Item = usize> {
    let homes = model.scenario.named(writing.target).map(|key| model.scenario.home(key));
    homes.filter(|home| *home != CONTROL).chain([CONTROL])
}
