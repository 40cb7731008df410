//! Which values count, where they lie.

use crate::model::Coherence;
use crate::state::{Clock, Copied, Epoch, State, Value};

/// What L1 would answer with.
pub fn in_l1(model: &Coherence, state: &State, node: usize, key: usize) -> Option<Copied> {
    let own = &state.nodes[node];
    let asked = !own.suspect || !model.protocol.suspect_bypasses;
    own.l1[key].filter(|copied| asked && copied.born >= own.stamp)
}

/// What L2 would answer a node with, given the control key as `clock_epoch` and `stamp` say.
pub fn in_l2(
    model: &Coherence,
    state: &State,
    node: usize,
    key: usize,
    clock_epoch: Epoch,
    stamp: Clock,
) -> Option<Value> {
    let own = &state.nodes[node];
    let least = if model.protocol.floor && model.protocol.floor_judges_values { own.floors[key] } else { 0 };
    in_l2_of_all(model, state, key, clock_epoch, stamp.max(own.stamp)).filter(|value| value.version >= least)
}

/// The same for whoever knows no more than that.
pub fn in_l2_of_all(
    model: &Coherence,
    state: &State,
    key: usize,
    clock_epoch: Epoch,
    stamp: Clock,
) -> Option<Value> {
    let held = &state.shards[model.scenario.home(key)].held;
    let rules = &model.protocol;
    held.slots[key].value.filter(|value| {
        (!rules.epoch_judges_values || value.epoch == held.epoch)
            && (!(rules.epoch_judges_values && rules.clock_epoch_judges_values)
                || value.clock_epoch == clock_epoch)
            && value.born >= stamp
    })
}
