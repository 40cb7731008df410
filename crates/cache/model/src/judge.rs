//! Which values count, where they lie.

use crate::model::Coherence;
use crate::scenario::Layout;
use crate::state::{CONTROL, Clock, Copied, Epoch, State, Value};

/// What L1 would answer with.
pub fn in_l1(model: &Coherence, state: &State, node: usize, key: usize) -> Option<Copied> {
    let own = &state.nodes[node];
    let asked = !own.suspect || !model.protocol.suspect_bypasses;
    own.l1[key].filter(|copied| asked && copied.born >= reaching(model, state, key, own.stamp))
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
    in_l2_of_all(model, state, key, clock_epoch, stamp.max(own.stamp))
        .filter(|value| admitted(model, state, node, key, *value))
}

/// The same for whoever knows no more than that.
pub fn in_l2_of_all(
    model: &Coherence,
    state: &State,
    key: usize,
    clock_epoch: Epoch,
    stamp: Clock,
) -> Option<Value> {
    let held = &state.buckets[model.scenario.home(key)].held;
    held.slots[key].value.filter(|value| {
        of_epochs(model, state, key, *value, clock_epoch) && value.born >= reaching(model, state, key, stamp)
    })
}

/// Whether a value is of its bucket's epoch, and of the clock's.
pub(crate) fn of_epochs(
    model: &Coherence,
    state: &State,
    key: usize,
    value: Value,
    clock_epoch: Epoch,
) -> bool {
    let rules = &model.protocol;
    let home = model.scenario.home(key);
    let fenced = rules.bucket_epochs || home == CONTROL;
    (!(rules.epoch_judges_values && fenced) || value.epoch == state.buckets[home].held.epoch)
        && (!(rules.epoch_judges_values && rules.clock_epoch_judges_values)
            || value.clock_epoch == clock_epoch)
}

/// Whether the node's own floor lets a value from L2 pass.
pub(crate) fn admitted(model: &Coherence, state: &State, node: usize, key: usize, value: Value) -> bool {
    let rules = &model.protocol;
    !(rules.floor && rules.floor_judges_values) || value.version >= state.nodes[node].floors[key]
}

/// The stamp, if it reaches the key's bucket.
pub(crate) fn reaching(model: &Coherence, state: &State, key: usize, stamp: Clock) -> Clock {
    let beside = || state.buckets[model.scenario.home(key)].server == state.buckets[CONTROL].server;
    let reaches = model.scenario.layout == Layout::Single || model.protocol.stamps_reach_buckets || beside();
    if reaches { stamp } else { 0 }
}
