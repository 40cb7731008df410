//! Not part of the protocol: after a failover a node that kept the epoch issues its recent invalidations again. Clean as far
//! as it was explored with one failure, and not with two, so it is here to be seen failing.

use super::{Place, Step, invalidate_key};
use crate::model::Coherence;
use crate::protocol::Reissue;
use crate::state::{Answer, CONTROL, State, Target, Version};

/// Remembers an invalidation to issue it again.
pub(super) fn note(model: &Coherence, state: &mut State, node: usize, target: Target, version: Version) {
    let recent = &mut state.nodes[node].recent;
    if model.protocol.reissue != Reissue::Never && !recent.contains(&(target, version)) {
        recent.push((target, version));
        recent.sort_unstable_by_key(|(target, version)| (*version, *target == Target::Stamp));
    }
}

/// Remembers what a replay of the stream told.
pub(super) fn seen(model: &Coherence, state: &mut State, node: usize, key: usize, version: Version) {
    if version != 0 && matches!(model.protocol.reissue, Reissue::SeenAndSent | Reissue::SeenAndAnswered) {
        note(model, state, node, Target::Key(key as u8), version);
    }
}

fn needed(state: &State, node: usize, answer: Answer) -> bool {
    let own = &state.nodes[node];
    let known_before = own.links[CONTROL].run != 0;
    usize::from(answer.shard) == CONTROL
        && answer.new_run
        && known_before
        && !answer.reissued
        && !own.recent.is_empty()
}

/// Whether the node acts on hello's answer only after it issued its invalidations again.
pub(super) fn comes_first(model: &Coherence, state: &State, node: usize, answer: Answer) -> bool {
    let link = state.nodes[node].links[CONTROL];
    needed(state, node, answer) && link.connected && !link.cut && model.protocol.hello_first
}

pub(super) fn offer(model: &Coherence, state: &State, node: u8, steps: &mut Vec<Step>) {
    let own = &state.nodes[usize::from(node)];
    let Some(answer) = own.answer else { return };
    let there = own.links[CONTROL].connected && answer.run == state.shards[CONTROL].run;
    if needed(state, node.into(), answer) && !own.links[CONTROL].cut && (!model.protocol.hello_first || there)
    {
        steps.push(Step::Reissue(Place { node, shard: answer.shard }));
    }
}

pub(super) fn reissue(model: &Coherence, state: &mut State, Place { node: own, .. }: Place) {
    let node = usize::from(own);
    for (target, version) in state.nodes[node].recent.clone() {
        invalidate_key::revoke(model, state, target, version);
        invalidate_key::publish(model, state, own, target, version);
    }
    if let Some(answer) = &mut state.nodes[node].answer {
        answer.reissued = true;
    }
}
