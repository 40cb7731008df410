//! Step 10, **resynchronise**: what hello answered is taken over. The keys that the missed announcements name are voided and
//! the stamps learned; but if the stream does not tell all, the clock went back, or run or epoch are new, L1 is dropped, all
//! flights are voided and the stamps are set anew.
//!
//! Where nodes have clocks of their own, stamps stay what they were: no clock goes back. But a node that was cut off may have
//! loaded by a clock that is ahead of a stamp it missed, and then drops all as well.
//!
//! In a Cluster a bucket without the control key answers with run and epoch alone. Nothing that is announced was lost with it,
//! so L1 may stay; what was granted in the old epoch cannot be committed in the new one.

use std::array;

use super::{Place, Step, invalidate_key, reissue};
use crate::clock::{self, Clocks};
use crate::generation;
use crate::model::Coherence;
use crate::state::{Answer, CONTROL, Invalidation, InvalidationStage, KEYS, Replay, State};

pub(super) fn offer(model: &Coherence, state: &State, node: u8, steps: &mut Vec<Step>) {
    let own = &state.nodes[usize::from(node)];
    if let Some(answer) = own.answer
        && !reissue::comes_first(model, state, node.into(), answer)
    {
        steps.push(Step::Resynchronise(Place { node, bucket: CONTROL as u8 }));
    }
    let met = own.links.iter().enumerate().filter(|(_, link)| link.met.is_some());
    steps.extend(met.map(|(bucket, _)| Step::Resynchronise(Place { node, bucket: bucket as u8 })));
}

pub(super) fn resynchronise(model: &Coherence, state: &mut State, Place { node, bucket }: Place) {
    let (node, at) = (usize::from(node), usize::from(bucket));
    if at == CONTROL {
        if let Some(answer) = state.nodes[node].answer.take() {
            take_over(model, state, node, answer);
        }
        return;
    }
    let link = &mut state.nodes[node].links[at];
    let Some(met) = link.met.take() else { return };
    let new_epoch = link.epoch != met.epoch;
    (link.run, link.epoch) = (met.run, met.epoch);
    if model.protocol.bucket_loss_voids && new_epoch {
        generation::bump_all(model, state, node);
    }
}

fn take_over(model: &Coherence, state: &mut State, node: usize, answer: Answer) {
    let Replay { lost, keys, others_stamp, clock, count, stamp, floors, announced, others } = answer.replay;
    let rules = &model.protocol;
    let ahead = answer.anew && others_stamp != 0 && others_stamp <= state.nodes[node].clock;
    let dropped = lost || answer.new_run || answer.new_epoch || (rules.ahead_drops && ahead);
    let link = &mut state.nodes[node].links[CONTROL];
    (link.run, link.epoch) = (answer.run, answer.epoch);
    clock::observe(model, state, node, clock);
    for key in (0..KEYS).filter(|key| keys[*key]) {
        if !dropped {
            generation::bump(model, state, node, key);
            reissue::seen(model, state, node, key, announced[key]);
        }
        if !dropped || rules.dropping_raises_floors {
            invalidate_key::raise_floor(model, state, node, key, floors[key]);
        }
    }
    if dropped {
        generation::bump_all(model, state, node);
    }
    // One of its own that is still to be answered promises nothing yet.
    let under_way = |version| {
        let told = |one: &Invalidation| one.stage == InvalidationStage::Told && usize::from(one.node) == node;
        rules.own_heard_already && state.invalidations.iter().any(|one| told(one) && one.version == version)
    };
    let heard: [_; KEYS] =
        array::from_fn(|key| if under_way(announced[key]) { others[key] } else { announced[key] });
    let own = &mut state.nodes[node];
    let reset = dropped && rules.fence && rules.clocks == Clocks::Dense;
    own.stamp = if reset { stamp } else { stamp.max(own.stamp) };
    own.last = if dropped { count } else { count.max(own.last) };
    for key in model.scenario.keys() {
        own.heard[key] = heard[key].max(own.heard[key]);
    }
    own.suspect = false;
}
