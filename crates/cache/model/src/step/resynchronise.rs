//! Step 10, **resynchronise**: what hello answered is taken over. The keys that the missed announcements name are voided and
//! the stamps learned; but if the stream does not tell all, the clock went back, or run or epoch are new, L1 is dropped, all
//! flights are voided and the stamps are set anew.
//!
//! In a Cluster a shard without the control key answers with run and epoch alone. Nothing that is announced was lost with it,
//! so L1 may stay; flights keep the shard's old epoch and cannot commit there.

use super::{Place, Step, invalidate_key, reissue};
use crate::generation;
use crate::model::Coherence;
use crate::state::{Answer, CONTROL, Clock, Invalidation, InvalidationStage, KEYS, Replay, State};

pub(super) fn offer(model: &Coherence, state: &State, node: u8, steps: &mut Vec<Step>) {
    if let Some(answer) = state.nodes[usize::from(node)].answer
        && !reissue::comes_first(model, state, node.into(), answer)
    {
        steps.push(Step::Resynchronise(Place { node, shard: answer.shard }));
    }
}

pub(super) fn resynchronise(model: &Coherence, state: &mut State, Place { node, shard }: Place) {
    let (node, shard) = (usize::from(node), usize::from(shard));
    let Some(answer) = state.nodes[node].answer.take() else { return };
    let link = &mut state.nodes[node].links[shard];
    (link.run, link.epoch) = (answer.run, answer.epoch);
    if shard == CONTROL {
        take_over(model, state, node, answer);
    } else if model.protocol.shard_loss_voids && answer.new_epoch {
        generation::bump_all(model, state, node);
    }
}

fn take_over(model: &Coherence, state: &mut State, node: usize, answer: Answer) {
    let Replay { lost, keys, clock, stamp, announced } = answer.replay;
    let dropped = lost || answer.new_run || answer.new_epoch;
    for key in (0..KEYS).filter(|key| keys[*key]) {
        if !dropped {
            generation::bump(model, state, node, key);
            reissue::seen(model, state, node, key, announced[key]);
        }
        if !dropped || model.protocol.dropping_raises_floors {
            invalidate_key::raise_floor(model, state, node, key, announced[key]);
        }
    }
    if dropped {
        generation::bump_all(model, state, node);
    }
    // One of its own that is still to be answered promises nothing yet.
    let under_way = |version| {
        let told = |one: &Invalidation| one.stage == InvalidationStage::Told && usize::from(one.node) == node;
        model.protocol.own_heard_already
            && state.invalidations.iter().any(|one| told(one) && one.version == version)
    };
    let announced = announced.map(|version| if under_way(version) { 0 } else { version });
    let own = &mut state.nodes[node];
    let anew = |old: Clock, new: Clock, reset: bool| if reset { new } else { new.max(old) };
    own.stamp = anew(own.stamp, stamp, dropped && model.protocol.fence);
    own.last = anew(own.last, clock, dropped);
    for key in model.scenario.keys() {
        own.heard[key] = announced[key].max(own.heard[key]);
    }
    own.suspect = false;
}
