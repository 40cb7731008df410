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
    answer.new_run && known_before && !answer.reissued && !own.recent.is_empty()
}

/// Whether the node acts on hello's answer only after it issued its invalidations again.
pub(super) fn comes_first(model: &Coherence, state: &State, node: usize, answer: Answer) -> bool {
    let own = &state.nodes[node];
    let usable = own.connected && !own.cut[usize::from(state.buckets[CONTROL].server)];
    needed(state, node, answer) && usable && model.protocol.hello_first
}

pub(super) fn offer(model: &Coherence, state: &State, node: u8, steps: &mut Vec<Step>) {
    let at = usize::from(node);
    let own = &state.nodes[at];
    let Some(answer) = own.answer else { return };
    let there = own.connected && answer.run == state.run(CONTROL);
    let cut = own.cut[usize::from(state.buckets[CONTROL].server)];
    if needed(state, at, answer) && !cut && (!model.protocol.hello_first || there) {
        steps.push(Step::Reissue(Place { node, bucket: CONTROL as u8 }));
    }
}

pub(super) fn reissue(model: &Coherence, state: &mut State, Place { node: own, .. }: Place) {
    let node = usize::from(own);
    for (target, version) in state.nodes[node].recent.clone() {
        for key in model.scenario.named(target) {
            invalidate_key::revoke(model, state, key, version);
        }
        invalidate_key::publish(model, state, own, target, version, version);
    }
    if let Some(answer) = &mut state.nodes[node].answer {
        answer.reissued = true;
    }
}
