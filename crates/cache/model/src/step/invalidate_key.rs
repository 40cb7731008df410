//! Step 8, **invalidate a key**. The node voids what it has (`Bump`), then one script deletes value and token, raises the
//! floor, moves the clock, appends to the stream and publishes; then the node voids *again* (`Settle`), whatever was
//! answered.
//!
//! Step 12, in a **Cluster**: two scripts, the key's slot first (`RevokeSlot`), then clock and announcement (`Announce`),
//! each with the epoch of its own shard. A failure of either queues the whole, and a replay does both again, in that order.

use super::{Step, Writing, connect, reissue};
use crate::generation;
use crate::model::Coherence;
use crate::protocol::Reissue;
use crate::scenario::Layout;
use crate::state::{Announcement, CONTROL, InvalidationStage as Stage, Sent, State, Target, Version};

pub(super) fn offer(model: &Coherence, state: &State, writing: Writing, steps: &mut Vec<Step>) {
    let next = match (model.scenario.layout, state.invalidations[writing.index(model)].stage == Stage::Half) {
        (Layout::Single, _) => Step::InvalidateKey(writing),
        (Layout::Cluster, half) if half == model.protocol.slot_first => Step::Announce(writing),
        (Layout::Cluster, _) => Step::RevokeSlot(writing),
    };
    let shard = match next {
        Step::RevokeSlot(_) => model.scenario.home(key_of(writing)),
        _ => CONTROL,
    };
    let reached = connect::reaches(model, state, writing.node.into(), shard);
    steps.push(if reached { next } else { Step::Unreachable(writing) });
}

fn key_of(writing: Writing) -> usize {
    match writing.target {
        Target::Key(key) => key.into(),
        Target::Stamp => unreachable!("a stamp has no slot"),
    }
}

pub(super) fn bump(model: &Coherence, state: &mut State, writing: Writing) {
    let node = usize::from(writing.node);
    let at = writing.index(model);
    let version = state.invalidations[at].version;
    if let Target::Key(key) = writing.target {
        if model.protocol.first_bump {
            generation::bump(model, state, node, key.into());
        }
        raise_floor(model, state, node, key.into(), version);
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
    revoke(model, state, writing.target, state.invalidations[writing.index(model)].version);
    tell(model, state, writing);
}

pub(super) fn revoke_slot(model: &Coherence, state: &mut State, writing: Writing) {
    let at = writing.index(model);
    revoke(model, state, writing.target, state.invalidations[at].version);
    let sent = sent(state, model.scenario.home(key_of(writing)));
    let invalidation = &mut state.invalidations[at];
    invalidation.slot = sent;
    invalidation.stage = if model.protocol.slot_first { Stage::Half } else { Stage::Told };
}

pub(super) fn announce(model: &Coherence, state: &mut State, writing: Writing) {
    tell(model, state, writing);
    if !model.protocol.slot_first {
        state.invalidations[writing.index(model)].stage = Stage::Half;
    }
}

/// The slot's half.
pub(super) fn revoke(model: &Coherence, state: &mut State, target: Target, version: Version) {
    if let Target::Key(key) = target {
        let key = usize::from(key);
        let slot = &mut state.shards[model.scenario.home(key)].held.slots[key];
        (slot.value, slot.token) = (None, 0);
        if model.protocol.floor {
            slot.floor = version.max(slot.floor);
        }
    }
}

/// The control key's half, and the answer under way.
pub(super) fn tell(model: &Coherence, state: &mut State, writing: Writing) {
    let at = writing.index(model);
    let version = state.invalidations[at].version;
    let clock = publish(model, state, writing.node, writing.target, version);
    let sent = sent(state, CONTROL);
    let invalidation = &mut state.invalidations[at];
    (invalidation.at, invalidation.control, invalidation.stage) = (clock, sent, Stage::Told);
}

fn sent(state: &State, shard: usize) -> Sent {
    Sent { run: state.shards[shard].run, epoch: connect::epoch(state, shard) }
}

/// Clock, stamp, stream and channel, in one script.
pub(super) fn publish(
    model: &Coherence,
    state: &mut State,
    node: u8,
    target: Target,
    version: Version,
) -> u8 {
    let held = &mut state.shards[CONTROL].held;
    let control = &mut held.control;
    if model.protocol.clock_advances {
        control.clock += 1;
    }
    if target == Target::Stamp {
        control.stamp = control.clock.max(control.stamp);
    }
    for key in model.scenario.keys().filter(|key| target.covers(*key)) {
        control.announced[key] = version.max(control.announced[key]);
    }
    let announcement = Announcement { sequence: control.clock, epoch: held.epoch, target, version, node };
    control.stream.push(announcement);
    let clock = control.clock;
    let server = &state.shards[CONTROL];
    for node in &mut state.nodes {
        if connect::alive(&node.links[CONTROL], server) {
            node.inbox.push(announcement);
        }
    }
    clock
}

/// Ends a round of telling: what is left of it would only tell states apart.
pub(super) fn forget_round(state: &mut State, at: usize) {
    let invalidation = &mut state.invalidations[at];
    (invalidation.at, invalidation.slot, invalidation.control) = Default::default();
}

/// Whether the answer belongs to connections that are no longer the node's.
pub(super) fn outdated(model: &Coherence, state: &State, writing: Writing) -> bool {
    let invalidation = &state.invalidations[writing.index(model)];
    let links = &state.nodes[usize::from(writing.node)].links;
    let changed = |shard: usize, sent: Sent| (links[shard].run, links[shard].epoch) != (sent.run, sent.epoch);
    let slot = match (model.scenario.layout, writing.target) {
        (Layout::Cluster, Target::Key(key)) => changed(model.scenario.home(key.into()), invalidation.slot),
        _ => false,
    };
    slot || changed(CONTROL, invalidation.control)
}
