//! What goes wrong: a scenario says which faults may happen and how many of them.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::model::Coherence;
use crate::state::{
    CONTROL, Control, Held, Invalidation, InvalidationStage, Link, Node, Reader, ReaderStage, Replica, State,
};
use crate::step::{self, Message, OnNode, Step, Writing};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An announcement is lost.
    Loss,
    /// An announcement arrives twice.
    Duplicate,
    /// An announcement overtakes another.
    Reorder,
    /// A node dies, with all that it was doing, and begins again.
    Crash,
    /// A server of Redis dies, with all that it held.
    Restart,
    /// A replica that stopped following takes over.
    Failover,
    /// The same, and the server that was replaced takes over again, with what its replica had, before anybody has noticed.
    FailBack,
    /// A bucket moves to the other server, with all its keys.
    Reshard,
    /// A node and a server cannot reach each other for a while.
    Partition,
    /// The answer to an invalidation is lost.
    AnswerLost,
    /// A token is evicted or expires, at any time.
    TokenLost,
    /// The floors of a key have served their time.
    FloorExpired,
    /// A value is evicted.
    ValueEvicted,
    /// The control key is evicted; or parts of it, where it is not one key.
    ControlEvicted,
    /// The stream is evicted.
    StreamEvicted,
    /// The stream loses its oldest announcement.
    StreamTrimmed,
    /// The database's replica lags: not an event, and not counted.
    ReplicaLags,
}

/// A fault as it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Strike {
    /// The announcement is gone.
    Lose(Message),
    /// The announcement is applied, and stays to be applied again.
    Duplicate(Message),
    /// The announcement is applied before earlier ones.
    Overtake(Message),
    /// The node dies and begins again.
    Crash(OnNode),
    /// The server comes back with nothing, as another run.
    Restart(AtServer),
    /// The replica stops following here: all that comes later is lost with the primary. Not counted.
    StopReplica(AtServer),
    /// The replica takes over, as another run.
    Failover(AtServer),
    /// The replica took over and gave back what it had, to the same run.
    FailBack(AtServer),
    /// The bucket lies with the other server now.
    Move(AtBucket),
    /// The network between a node and a server goes down.
    Cut(Line),
    /// The answer is lost.
    LoseAnswer(Writing),
    /// The key's token is gone.
    LoseToken(OfKey),
    /// The key's floors are gone, in Redis and on the nodes.
    ExpireFloor(OfKey),
    /// The key's value is gone.
    EvictValue(OfKey),
    /// The bucket's epoch is gone, and with it clock and stamps if it has them.
    EvictControl(AtBucket),
    /// The stamps alone are gone.
    EvictStamps,
    /// The clock alone is gone.
    EvictClock,
    /// The stream is gone.
    EvictStream,
    /// The stream's oldest announcement is gone.
    TrimStream,
}

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtServer {
    /// 0 has the control key at the beginning.
    pub server: u8,
}

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtBucket {
    /// 0 has the control key, 1 key 0, 2 key 1.
    pub bucket: u8,
}

/// The network between a node and a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The node.
    pub node: u8,
    /// The server.
    pub server: u8,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfKey {
    /// Which.
    pub key: u8,
}

pub(crate) fn offer(model: &Coherence, state: &State, steps: &mut Vec<Step>) {
    if state.faults_left == 0 {
        return;
    }
    for fault in &model.scenario.faults {
        offer_one(model, state, *fault, &mut |strike| steps.push(Step::Fault(strike)));
    }
}

fn offer_one(model: &Coherence, state: &State, fault: Fault, strike: &mut impl FnMut(Strike)) {
    let messages = || {
        state
            .nodes
            .iter()
            .zip(0..)
            .flat_map(|(own, node)| (0..own.inbox.len() as u8).map(move |index| Message { node, index }))
    };
    let nodes = 0..state.nodes.len() as u8;
    let servers = 0..state.servers.len() as u8;
    let buckets = 0..state.buckets.len() as u8;
    let keys = model
        .scenario
        .keys()
        .map(|key| (OfKey { key: key as u8 }, state.buckets[model.scenario.home(key)].held.slots[key]));
    let control = &state.control().control;
    match fault {
        Fault::Loss => messages().for_each(|message| strike(Strike::Lose(message))),
        Fault::Duplicate => {
            messages()
                .filter(|message| message.index == 0)
                .for_each(|message| strike(Strike::Duplicate(message)));
        }
        Fault::Reorder => {
            messages()
                .filter(|message| message.index > 0)
                .for_each(|message| strike(Strike::Overtake(message)));
        }
        Fault::Crash => nodes.for_each(|node| strike(Strike::Crash(OnNode { node }))),
        Fault::Restart => servers.for_each(|server| strike(Strike::Restart(AtServer { server }))),
        Fault::Failover | Fault::FailBack => {
            for server in servers {
                let place = AtServer { server };
                let replicas = || of_server(state, server).map(|at| &state.buckets[at].replica);
                if replicas().all(|replica| matches!(replica, Replica::Absent)) {
                    continue;
                }
                if replicas().any(|replica| matches!(replica, Replica::Beginning(_))) {
                    strike(Strike::StopReplica(place));
                }
                let over = if fault == Fault::Failover { Strike::Failover } else { Strike::FailBack };
                strike(over(place));
            }
        }
        Fault::Reshard if servers.len() > 1 => {
            buckets.for_each(|bucket| strike(Strike::Move(AtBucket { bucket })));
        }
        Fault::Partition => {
            for node in nodes {
                for server in servers.clone() {
                    if !state.nodes[usize::from(node)].cut[usize::from(server)] {
                        strike(Strike::Cut(Line { node, server }));
                    }
                }
            }
        }
        Fault::AnswerLost => {
            let writers = model.scenario.writers.len();
            for (at, invalidation) in state.invalidations.iter().enumerate() {
                if invalidation.stage == InvalidationStage::Told {
                    let (writer, relay) = ((at % writers) as u8, at >= writers);
                    let target = model.scenario.writers[at % writers].target;
                    strike(Strike::LoseAnswer(Writing { node: invalidation.node, writer, target, relay }));
                }
            }
        }
        Fault::TokenLost => {
            keys.filter(|(_, slot)| slot.token != 0).for_each(|(key, _)| strike(Strike::LoseToken(key)));
        }
        Fault::FloorExpired => {
            keys.filter(|(_, slot)| slot.floor != 0).for_each(|(key, _)| strike(Strike::ExpireFloor(key)));
        }
        Fault::ValueEvicted => {
            keys.filter(|(_, slot)| slot.value.is_some())
                .for_each(|(key, _)| strike(Strike::EvictValue(key)));
        }
        Fault::ControlEvicted if model.protocol.one_control_key => {
            for bucket in buckets {
                if state.buckets[usize::from(bucket)].held.epoch != 0 {
                    strike(Strike::EvictControl(AtBucket { bucket }));
                }
            }
        }
        Fault::ControlEvicted => {
            if control.stamp != 0 {
                strike(Strike::EvictStamps);
            }
            if control.clock != 0 {
                strike(Strike::EvictClock);
            }
        }
        Fault::StreamEvicted if !control.stream.is_empty() => strike(Strike::EvictStream),
        Fault::StreamTrimmed if !control.stream.is_empty() => strike(Strike::TrimStream),
        Fault::Reshard | Fault::StreamEvicted | Fault::StreamTrimmed | Fault::ReplicaLags => {}
    }
}

pub(crate) fn strike(model: &Coherence, state: &mut State, strike: Strike) {
    if !matches!(strike, Strike::StopReplica(_)) {
        state.faults_left -= 1;
    }
    match strike {
        Strike::Lose(Message { node, index }) => {
            state.nodes[usize::from(node)].inbox.remove(index.into());
        }
        Strike::Duplicate(Message { node, index }) => {
            let announcement = state.nodes[usize::from(node)].inbox[usize::from(index)];
            step::apply(model, state, node.into(), announcement);
        }
        Strike::Overtake(Message { node, index }) => {
            let announcement = state.nodes[usize::from(node)].inbox.remove(index.into());
            step::apply(model, state, node.into(), announcement);
        }
        Strike::Crash(OnNode { node }) => crash(model, state, node),
        Strike::Restart(AtServer { server }) => {
            for at in of_server(state, server).collect::<Vec<_>>() {
                let epoch = if model.protocol.fence { 0 } else { state.buckets[at].held.epoch };
                state.buckets[at].held = Held { epoch, ..Held::default() };
            }
            replace(state, server);
        }
        Strike::StopReplica(AtServer { server }) => {
            for at in of_server(state, server).collect::<Vec<_>>() {
                let bucket = &mut state.buckets[at];
                bucket.replica = Replica::Stopped(Box::new(bucket.held.clone()));
            }
        }
        Strike::Failover(AtServer { server }) => {
            promote(state, server);
            replace(state, server);
        }
        Strike::FailBack(AtServer { server }) => promote(state, server),
        Strike::Move(AtBucket { bucket }) => {
            let at = usize::from(bucket);
            state.buckets[at].server = 1 - state.buckets[at].server;
            state.buckets[at].replica = Replica::Absent;
        }
        Strike::Cut(Line { node, server }) => {
            let control = state.buckets[CONTROL].server;
            let own = &mut state.nodes[usize::from(node)];
            own.cut[usize::from(server)] = true;
            if server == control {
                own.connected = false;
                own.inbox.clear();
            }
        }
        Strike::LoseAnswer(writing) => step::owe(model, state, writing),
        Strike::LoseToken(OfKey { key }) => {
            state.buckets[model.scenario.home(key.into())].held.slots[usize::from(key)].token = 0;
        }
        Strike::ExpireFloor(OfKey { key }) => {
            let key = usize::from(key);
            state.buckets[model.scenario.home(key)].held.slots[key].floor = 0;
            for node in &mut state.nodes {
                node.floors[key] = 0;
            }
        }
        Strike::EvictValue(OfKey { key }) => {
            state.buckets[model.scenario.home(key.into())].held.slots[usize::from(key)].value = None;
        }
        Strike::EvictControl(AtBucket { bucket }) => {
            let held = &mut state.buckets[usize::from(bucket)].held;
            (held.epoch, held.run) = (0, 0);
            (held.control.clock, held.control.count, held.control.stamp) = (0, 0, 0);
        }
        Strike::EvictStamps => state.buckets[CONTROL].held.control.stamp = 0,
        Strike::EvictClock => {
            let control = &mut state.buckets[CONTROL].held.control;
            *control = Control { stamp: control.stamp, announced: control.announced, ..Control::default() };
        }
        Strike::EvictStream => state.buckets[CONTROL].held.control.stream.clear(),
        Strike::TrimStream => {
            state.buckets[CONTROL].held.control.stream.remove(0);
        }
    }
}

fn of_server(state: &State, server: u8) -> impl Iterator<Item = usize> {
    (0..state.buckets.len()).filter(move |at| state.buckets[*at].server == server)
}

/// What its replica had lies with the server now.
fn promote(state: &mut State, server: u8) {
    for at in of_server(state, server).collect::<Vec<_>>() {
        let bucket = &mut state.buckets[at];
        if let Replica::Beginning(held) | Replica::Stopped(held) = std::mem::take(&mut bucket.replica) {
            bucket.held = *held;
        }
    }
}

/// Another server answers in its place.
fn replace(state: &mut State, server: u8) {
    state.runs += 1;
    state.servers[usize::from(server)] = state.runs;
    if state.buckets[CONTROL].server == server {
        state.nodes.iter_mut().for_each(|node| node.connected = false);
    }
}

fn crash(model: &Coherence, state: &mut State, node: u8) {
    let applied = state.applied;
    let own = &mut state.nodes[usize::from(node)];
    let links = own.links.iter().map(|_| Link::default()).collect();
    // Promised to who lives on: what it had queued is forgotten, what was `Applied` is not.
    let promised = std::array::from_fn(|key| applied[key].min(own.own[key]));
    let Node { cut, heard, .. } = *own;
    *own = Node { links, cut, suspect: true, own: promised, heard, ..Node::default() };
    clock::begin(model, state, node.into());
    for (reads, reader) in model.scenario.readers.iter().zip(&mut state.readers) {
        if reads.node == node && (reader.in_flight() || reader.stage == ReaderStage::Joined) {
            *reader = Reader { stage: ReaderStage::Dead, ..Reader::default() };
        }
    }
    let writers = model.scenario.writers.len();
    for (at, invalidation) in state.invalidations.iter_mut().enumerate() {
        use InvalidationStage::{Applied, Dead, Idle, Row};
        if invalidation.node != node || matches!(invalidation.stage, Idle | Row | Applied) {
            continue;
        }
        let version = if at < writers { 0 } else { invalidation.version };
        let stage = if at < writers { Dead } else { Row };
        *invalidation = Invalidation { stage, version, ..Invalidation::default() };
    }
}
