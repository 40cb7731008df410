//! Steps 2 and 3, **connect** and **fence**.
//!
//! A node subscribes and says `hello` before any other command goes over a new connection, and throws away what the dead
//! connection had received. If the epoch is missing, or was made for another run id, hello makes a fresh one and deletes
//! the stream. Every script then carries the epoch and is refused in another.
//!
//! In a Cluster every shard has an epoch and a run id of its own, in a key of its own there, and a node says hello to each
//! shard separately: whenever its connection to it is new, or a script was refused there.

use super::{Place, Step};
use crate::model::Coherence;
use crate::state::{Answer, CONTROL, Epoch, Link, Node, Replay, Shard, State};

pub(super) fn offer(model: &Coherence, state: &State, node: u8, steps: &mut Vec<Step>) {
    let own = &state.nodes[usize::from(node)];
    for (shard, link) in own.links.iter().enumerate() {
        let place = Place { node, shard: shard as u8 };
        if link.cut {
            steps.push(Step::Heal(place));
        } else if own.answer.is_none() && wants_hello(model, state, own, shard) {
            steps.push(Step::Hello(place));
        }
    }
}

fn wants_hello(model: &Coherence, state: &State, node: &Node, shard: usize) -> bool {
    if shard == CONTROL {
        return node.suspect && model.protocol.resync_on_gap;
    }
    let (link, there) = (node.links[shard], &state.shards[shard]);
    !link.connected || link.run != there.run || link.epoch != there.held.epoch
}

/// Whether the node's scripts arrive at the shard and are accepted there.
pub(super) fn reaches(model: &Coherence, state: &State, node: usize, shard: usize) -> bool {
    let (link, there) = (&state.nodes[node].links[shard], &state.shards[shard]);
    !link.cut
        && (!model.protocol.hello_first || alive(link, there))
        && (!model.protocol.fence || link.epoch == there.held.epoch)
}

/// Whether the connection is one to the server that answers now.
pub(crate) fn alive(link: &Link, there: &Shard) -> bool {
    link.connected && !link.cut && link.run == there.run
}

/// A node whose script was refused at the control key has missed something.
pub(super) fn refused(model: &Coherence, state: &mut State, node: usize) {
    if model.protocol.hello_first
        && !state.nodes[node].links[CONTROL].cut
        && !reaches(model, state, node, CONTROL)
    {
        state.nodes[node].suspect = true;
    }
}

pub(super) fn hello(model: &Coherence, state: &mut State, Place { node, shard }: Place) {
    let rules = &model.protocol;
    let (node, at) = (usize::from(node), usize::from(shard));
    let there = &mut state.shards[at];
    if rules.fence && (there.held.epoch == 0 || (there.held.run != there.run && rules.new_run_new_epoch)) {
        state.epochs += 1;
        there.held.epoch = state.epochs;
        there.held.control.stream.clear();
    }
    there.held.run = there.run;

    let own = &mut state.nodes[node];
    if at == CONTROL && rules.hello_discards && !own.links[at].connected {
        own.inbox.clear();
    }
    own.links[at].connected = true;
    let link = own.links[at];
    let mut answer = Answer {
        shard,
        run: there.run,
        epoch: there.held.epoch,
        new_run: there.run != link.run && rules.run_compared,
        new_epoch: rules.fence && there.held.epoch != link.epoch,
        reissued: false,
        replay: Replay::default(),
    };
    if at == CONTROL {
        answer.replay = replay(there, own, |whose| rules.own_heard_already && usize::from(whose) == node);
    }
    state.nodes[node].answer = Some(answer);
}

/// What the stream's tail tells a node that knows all up to `last`.
fn replay(there: &Shard, own: &Node, voided: impl Fn(u8) -> bool) -> Replay {
    let control = &there.held.control;
    let trimmed = match control.stream.first() {
        None => control.clock > own.last,
        Some(first) => control.clock > own.last && first.sequence > own.last + 1,
    };
    let mut replay = Replay {
        lost: trimmed || control.clock < own.last,
        clock: control.clock,
        stamp: control.stamp,
        announced: control.announced,
        ..Replay::default()
    };
    for missed in control.stream.iter().filter(|missed| missed.sequence > own.last && !voided(missed.node)) {
        if let crate::state::Target::Key(key) = missed.target {
            replay.keys[usize::from(key)] = true;
        }
    }
    replay
}

/// A node that was cut off finds its connection dead.
pub(super) fn heal(model: &Coherence, state: &mut State, Place { node, shard }: Place) {
    let own = &mut state.nodes[usize::from(node)];
    let link = &mut own.links[usize::from(shard)];
    link.cut = false;
    if usize::from(shard) != CONTROL {
        return;
    }
    if model.protocol.resync_on_gap {
        own.suspect = true;
    } else {
        link.connected = true;
    }
}

/// The epoch in which a node's scripts run on a shard.
pub(super) fn epoch(state: &State, shard: usize) -> Epoch {
    state.shards[shard].held.epoch
}
