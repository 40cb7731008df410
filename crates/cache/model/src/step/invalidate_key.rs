//! Step 8, **invalidate keys**. The node voids what it has (`Bump`), then one script deletes values and tokens, raises the
//! floors, moves the clock, appends to the stream and publishes; then the node voids *again* (`Settle`), whatever was
//! answered.
//!
//! Step 12, in a **Cluster**: a script for each key's slot first (`RevokeSlot`), then one for clock and announcement
//! (`Announce`), each with the epoch of its own bucket. A failure of any queues the whole, and a replay does all again, in
//! that order.

use super::{Step, Writing, connect, reissue};
use crate::clock;
use crate::generation;
use crate::model::Coherence;
use crate::protocol::Reissue;
use crate::scenario::Layout;
use crate::state::{Announcement, CONTROL, Clock, InvalidationStage as Stage, Sent, State, Target, Version};

pub(super) fn offer(model: &Coherence, state: &State, writing: Writing, steps: &mut Vec<Step>) {
    let next = next(model, state, writing);
    let bucket = match next {
        Step::RevokeSlot(_) => model.scenario.home(next_key(model, state, writing)),
        _ => CONTROL,
    };
    let begun = state.invalidations[writing.index(model)].begun;
    let outlived = bucket == CONTROL && begun != 0 && begun != connect::epoch(state, CONTROL);
    let reached = !outlived && connect::reaches(model, state, writing.node.into(), bucket);
    steps.push(if reached { next } else { Step::Unreachable(writing) });
}

/// What is to be told next.
pub(super) fn next(model: &Coherence, state: &State, writing: Writing) -> Step {
    if writing.target == Target::Stamp {
        return Step::InvalidateStamp(writing);
    }
    if model.scenario.layout == Layout::Single {
        return Step::InvalidateKey(writing);
    }
    let rules = &model.protocol;
    let invalidation = &state.invalidations[writing.index(model)];
    let told = invalidation.slots.len();
    let all = told == model.scenario.named(writing.target).count();
    let announced = invalidation.control != Sent::default();
    let control_first = !rules.slot_first || (!rules.all_slots_first && told > 0);
    if all || (control_first && !announced) { Step::Announce(writing) } else { Step::RevokeSlot(writing) }
}

/// Whose slot is to be told next.
fn next_key(model: &Coherence, state: &State, writing: Writing) -> usize {
    let told = state.invalidations[writing.index(model)].slots.len();
    model.scenario.named(writing.target).nth(told).expect("a slot is told only while one is left")
}

/// The version that floors rise to.
pub(super) fn floor(model: &Coherence, state: &State, writing: Writing) -> Version {
    let says = !writing.relay || model.protocol.rows_say_versions;
    if says { state.invalidations[writing.index(model)].version } else { 0 }
}

pub(super) fn bump(model: &Coherence, state: &mut State, writing: Writing) {
    let node = usize::from(writing.node);
    let at = writing.index(model);
    let (version, floor) = (state.invalidations[at].version, floor(model, state, writing));
    let now = clock::tick(model, state, node);
    if writing.target == Target::Stamp {
        let stamp = &mut state.nodes[node].stamp;
        *stamp = now.max(*stamp);
    }
    for key in model.scenario.named(writing.target) {
        if model.protocol.first_bump {
            generation::bump(model, state, node, key);
        }
        raise_floor(model, state, node, key, floor);
    }
    if model.protocol.reissue != Reissue::SeenAndAnswered {
        reissue::note(model, state, node, writing.target, version);
    }
    state.invalidations[at].stage = Stage::Bumped;
}

pub(super) fn raise_floor(model: &Coherence, state: &mut State, node: usize, key: usize, version: Version) {
    if model.protocol.floor {
        let floor = &mut state.nodes[node].floors[key];
        *floor = version.max(*floor);
    }
}

pub(super) fn invalidate_key(model: &Coherence, state: &mut State, writing: Writing) {
    let floor = floor(model, state, writing);
    for key in model.scenario.named(writing.target) {
        revoke(model, state, key, floor);
    }
    tell(model, state, writing);
    state.invalidations[writing.index(model)].stage = Stage::Told;
}

pub(super) fn revoke_slot(model: &Coherence, state: &mut State, writing: Writing) {
    let (key, floor) = (next_key(model, state, writing), floor(model, state, writing));
    revoke(model, state, key, floor);
    let sent = sent(state, model.scenario.home(key));
    let namespace = state.nodes[usize::from(writing.node)].clock_epoch();
    let invalidation = &mut state.invalidations[writing.index(model)];
    invalidation.slots.push(sent);
    if model.protocol.tells_in_one_epoch && invalidation.begun == 0 {
        invalidation.begun = namespace;
    }
    half_way(model, state, writing);
}

pub(super) fn announce(model: &Coherence, state: &mut State, writing: Writing) {
    tell(model, state, writing);
    half_way(model, state, writing);
}

fn half_way(model: &Coherence, state: &mut State, writing: Writing) {
    let invalidation = &mut state.invalidations[writing.index(model)];
    let all = invalidation.slots.len() == model.scenario.named(writing.target).count();
    let done = all && invalidation.control != Sent::default();
    invalidation.stage = if done { Stage::Told } else { Stage::Half };
}

/// The slot's half.
pub(super) fn revoke(model: &Coherence, state: &mut State, key: usize, floor: Version) {
    let slot = &mut state.buckets[model.scenario.home(key)].held.slots[key];
    (slot.value, slot.token, slot.granted) = (None, 0, (0, 0));
    if model.protocol.floor {
        slot.floor = floor.max(slot.floor);
    }
}

/// The control key's half.
pub(super) fn tell(model: &Coherence, state: &mut State, writing: Writing) {
    let at = writing.index(model);
    let (version, floor) = (state.invalidations[at].version, floor(model, state, writing));
    let clock = publish(model, state, writing.node, writing.target, version, floor);
    let sent = sent(state, CONTROL);
    let invalidation = &mut state.invalidations[at];
    (invalidation.at, invalidation.control) = (clock, sent);
}

fn sent(state: &State, bucket: usize) -> Sent {
    Sent { run: state.run(bucket), epoch: connect::epoch(state, bucket) }
}

/// Clock, stamp, stream and channel, in one script.
pub(super) fn publish(
    model: &Coherence,
    state: &mut State,
    node: u8,
    target: Target,
    version: Version,
    floor: Version,
) -> Clock {
    clock::advance(model, state, node.into());
    let held = &mut state.buckets[CONTROL].held;
    let control = &mut held.control;
    if target == Target::Stamp {
        control.stamp = control.clock.max(control.stamp);
    }
    for key in model.scenario.keys().filter(|key| target.covers(*key)) {
        control.announced[key] = version.max(control.announced[key]);
    }
    let (sequence, clock) = (control.count, control.clock);
    let announcement = Announcement { sequence, clock, epoch: held.epoch, target, version, floor, node };
    control.stream.push(announcement);
    for other in 0..state.nodes.len() {
        if connect::alive(state, other, CONTROL) {
            state.nodes[other].inbox.push(announcement);
        }
    }
    clock
}

/// Ends a round of telling: what is left of it would only tell states apart.
pub(super) fn forget_round(state: &mut State, at: usize) {
    let invalidation = &mut state.invalidations[at];
    invalidation.slots.clear();
    (invalidation.at, invalidation.begun, invalidation.control) = Default::default();
}

/// Whether the answer belongs to connections that are no longer the node's.
pub(super) fn outdated(model: &Coherence, state: &State, writing: Writing) -> bool {
    let invalidation = &state.invalidations[writing.index(model)];
    let links = &state.nodes[usize::from(writing.node)].links;
    let changed =
        |bucket: usize, sent: Sent| (links[bucket].run, links[bucket].epoch) != (sent.run, sent.epoch);
    let mut slots = model.scenario.named(writing.target).zip(&invalidation.slots);
    let slot = slots.any(|(key, sent)| changed(model.scenario.home(key), *sent));
    (slot && model.protocol.slot_answer_queues) || changed(CONTROL, invalidation.control)
}
