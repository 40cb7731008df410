//! Steps 2 and 3, **connect** and **fence**.
//!
//! A node subscribes and says `hello` before any other command goes over a new connection, and throws away what the dead
//! connection had received. If the epoch is missing, or was made for another run id, hello makes a fresh one and deletes
//! the stream. Every script then carries the epoch and is refused in another.
//!
//! In a Cluster every bucket has an epoch and a run id of its own, in a key of its own there, and a node says hello to each
//! bucket separately: whenever the server that has it is another than the one it said hello to, or a script was refused there.

use super::{Place, Step, peer};
use crate::clock;
use crate::fault::Line;
use crate::model::Coherence;
use crate::state::{Answer, CONTROL, Control, Epoch, Met, Node, Replay, State, Target};

pub(super) fn offer(model: &Coherence, state: &State, node: u8, steps: &mut Vec<Step>) {
    let own = &state.nodes[usize::from(node)];
    for (server, cut) in own.cut.iter().enumerate().take(state.servers.len()) {
        if *cut {
            steps.push(Step::Heal(Line { node, server: server as u8 }));
        }
    }
    for bucket in 0..own.links.len() {
        if !is_cut(state, node.into(), bucket) && wants_hello(model, state, own, bucket) {
            steps.push(Step::Hello(Place { node, bucket: bucket as u8 }));
        }
    }
}

fn wants_hello(model: &Coherence, state: &State, node: &Node, bucket: usize) -> bool {
    if bucket == CONTROL {
        return node.suspect && node.answer.is_none() && model.protocol.resync_on_gap;
    }
    let link = &node.links[bucket];
    model.protocol.bucket_epochs && link.met.is_none() && !met(state, node, bucket)
}

/// Whether a node knows a bucket as it is.
fn met(state: &State, node: &Node, bucket: usize) -> bool {
    let link = &node.links[bucket];
    link.run == state.run(bucket) && link.epoch == epoch(state, bucket)
}

fn is_cut(state: &State, node: usize, bucket: usize) -> bool {
    state.nodes[node].cut[usize::from(state.buckets[bucket].server)]
}

/// Whether the node's scripts arrive at the bucket and are accepted there.
pub(super) fn reaches(model: &Coherence, state: &State, node: usize, bucket: usize) -> bool {
    let rules = &model.protocol;
    if is_cut(state, node, bucket) {
        return false;
    }
    if bucket != CONTROL && !rules.bucket_epochs {
        return true;
    }
    (!rules.hello_first || alive(state, node, bucket))
        && (!rules.fence || state.nodes[node].links[bucket].epoch == epoch(state, bucket))
}

/// Whether the connection is one to the server that answers now.
pub(crate) fn alive(state: &State, node: usize, bucket: usize) -> bool {
    let own = &state.nodes[node];
    (bucket != CONTROL || own.connected)
        && !is_cut(state, node, bucket)
        && own.links[bucket].run == state.run(bucket)
}

/// A node whose script was refused at the control key has missed something.
pub(super) fn refused(model: &Coherence, state: &mut State, node: usize) {
    if model.protocol.hello_first && !is_cut(state, node, CONTROL) && !reaches(model, state, node, CONTROL) {
        peer::suspect(state, node);
    }
}

pub(super) fn hello(model: &Coherence, state: &mut State, Place { node, bucket }: Place) {
    let rules = &model.protocol;
    let (node, at) = (usize::from(node), usize::from(bucket));
    let run = state.run(at);
    let another_run = rules.new_run_new_epoch && (at == CONTROL || rules.moved_bucket_new_epoch);
    if at == CONTROL {
        clock::lift(model, state, node);
    }
    let held = &mut state.buckets[at].held;
    if rules.fence && (held.epoch == 0 || (held.run != run && another_run)) {
        state.epochs += 1;
        held.epoch = state.epochs;
        held.control.stream.clear();
        if at == CONTROL {
            clock::renew(model, state);
        }
    }
    let held = &mut state.buckets[at].held;
    held.run = run;
    let (epoch, control) = (held.epoch, held.control.clone());

    let own = &mut state.nodes[node];
    if at != CONTROL {
        own.links[at].met = Some(Met { run, epoch });
        return;
    }
    let link = own.links[at];
    let anew = !std::mem::replace(&mut own.connected, true) || link.run != run;
    if rules.hello_discards && anew {
        own.inbox.clear();
    }
    let replay = replay(&control, own, node, |whose| rules.own_heard_already && usize::from(whose) == node);
    own.answer = Some(Answer {
        run,
        epoch,
        anew,
        new_run: run != link.run && rules.run_compared,
        new_epoch: rules.fence && epoch != link.epoch,
        reissued: false,
        replay,
    });
}

/// What the stream's tail tells a node that knows all up to `last`.
fn replay(control: &Control, own: &Node, node: usize, voided: impl Fn(u8) -> bool) -> Replay {
    let trimmed = match control.stream.first() {
        None => control.count > own.last,
        Some(first) => control.count > own.last && first.sequence > own.last + 1,
    };
    let mut replay = Replay {
        lost: trimmed || control.count < own.last,
        clock: control.clock,
        count: control.count,
        stamp: control.stamp,
        announced: control.announced,
        ..Replay::default()
    };
    for told in control.stream.iter().filter(|told| usize::from(told.node) != node) {
        for key in (0..replay.others.len()).filter(|key| told.target.covers(*key)) {
            replay.others[key] = told.version.max(replay.others[key]);
        }
    }
    for missed in control.stream.iter().filter(|missed| missed.sequence > own.last) {
        let others = usize::from(missed.node) != node;
        if missed.target == Target::Stamp && others && replay.others_stamp == 0 {
            replay.others_stamp = missed.clock;
        }
        let keys = (0..replay.keys.len()).filter(|key| missed.target.names(*key) && !voided(missed.node));
        for key in keys {
            replay.keys[key] = true;
            replay.floors[key] = missed.floor.max(replay.floors[key]);
        }
    }
    replay
}

/// A node that was cut off finds its connection dead.
pub(super) fn heal(model: &Coherence, state: &mut State, Line { node, server }: Line) {
    let control = state.buckets[CONTROL].server;
    let own = &mut state.nodes[usize::from(node)];
    own.cut[usize::from(server)] = false;
    if server != control {
        return;
    }
    if model.protocol.resync_on_gap {
        own.suspect = true;
    } else {
        own.connected = true;
    }
}

/// The epoch in which scripts run in a bucket.
pub(super) fn epoch(state: &State, bucket: usize) -> Epoch {
    state.buckets[bucket].held.epoch
}
