//! The end of steps 8 and 9: the answer arrives. It counts if server and epoch are still the node's own; the node voids again
//! or learns the stamp, and the caller has his `Applied`. An older answer is as good as none: `Queued`.

use super::{Step, Writing, connect, invalidate_key, queue, reissue, write};
use crate::clock;
use crate::generation;
use crate::model::Coherence;
use crate::protocol::Reissue;
use crate::state::{Invalidation, InvalidationStage as Stage, State, Target};

pub(super) fn offer(model: &Coherence, state: &State, writing: Writing, steps: &mut Vec<Step>) {
    steps.push(Step::Settle(writing));
    if write::buckets(model, writing).any(|bucket| !connect::alive(state, writing.node.into(), bucket)) {
        steps.push(Step::AnswerLost(writing));
    }
}

pub(super) fn settle(model: &Coherence, state: &mut State, writing: Writing) {
    let rules = &model.protocol;
    if rules.old_answer_queues && invalidate_key::outdated(model, state, writing) {
        return queue::owe(model, state, writing);
    }
    let (node, at) = (usize::from(writing.node), writing.index(model));
    let Invalidation { version, at: clock, queued, .. } = state.invalidations[at];
    if !queued || rules.retold_voids {
        clock::observe(model, state, node, clock);
        if writing.target == Target::Stamp {
            let stamp = &mut state.nodes[node].stamp;
            *stamp = clock.max(*stamp);
        }
        for key in model.scenario.named(writing.target).filter(|_| rules.second_bump) {
            generation::bump(model, state, node, key);
        }
    }
    if rules.reissue == Reissue::SeenAndAnswered {
        reissue::note(model, state, node, writing.target, version);
    }
    for key in model.scenario.keys().filter(|key| writing.target.covers(*key)) {
        state.nodes[node].own[key] = version.max(state.nodes[node].own[key]);
        state.applied[key] = version.max(state.applied[key]);
    }
    let again = writing.relay && queued && rules.queued_rows_stay;
    let (stage, version) = if again { (Stage::Row, version) } else { (Stage::Applied, 0) };
    state.invalidations[at] = Invalidation { stage, version, ..Invalidation::default() };
}
