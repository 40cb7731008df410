//! What goes wrong: a scenario says which faults may happen and how many of them.

use serde::{Deserialize, Serialize};

use crate::model::Coherence;
use crate::state::{
    CONTROL, Control, Held, Invalidation, InvalidationStage, Link, Node, Reader, ReaderStage, Replica, State,
};
use crate::step::{self, Message, OnNode, Place, Step, Writing};

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
    /// A node and a shard cannot reach each other for a while.
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
    Restart(AtShard),
    /// The replica stops following here: all that comes later is lost with the primary. Not counted.
    StopReplica(AtShard),
    /// The replica takes over, as another run.
    Failover(AtShard),
    /// The network between a node and a shard goes down.
    Cut(Place),
    /// The answer is lost.
    LoseAnswer(Writing),
    /// The key's token is gone.
    LoseToken(OfKey),
    /// The key's floors are gone, in Redis and on the nodes.
    ExpireFloor(OfKey),
    /// The key's value is gone.
    EvictValue(OfKey),
    /// The shard's epoch is gone, and with it clock and stamps if it has them.
    EvictControl(AtShard),
    /// The stamps alone are gone.
    EvictStamps,
    /// The clock alone is gone.
    EvictClock,
    /// The stream is gone.
    EvictStream,
    /// The stream's oldest announcement is gone.
    TrimStream,
}

/// A shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtShard {
    /// 0 has the control key.
    pub shard: u8,
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
    let shards = 0..state.shards.len() as u8;
    let keys = model
        .scenario
        .keys()
        .map(|key| (OfKey { key: key as u8 }, state.shards[model.scenario.home(key)].held.slots[key]));
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
        Fault::Restart => shards.for_each(|shard| strike(Strike::Restart(AtShard { shard }))),
        Fault::Failover => {
            for shard in shards {
                match state.shards[usize::from(shard)].replica {
                    Replica::Absent => continue,
                    Replica::Beginning(_) => strike(Strike::StopReplica(AtShard { shard })),
                    Replica::Stopped(_) => {}
                }
                strike(Strike::Failover(AtShard { shard }));
            }
        }
        Fault::Partition => {
            for node in nodes {
                for shard in shards.clone() {
                    if !state.nodes[usize::from(node)].links[usize::from(shard)].cut {
                        strike(Strike::Cut(Place { node, shard }));
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
            for shard in shards {
                if state.shards[usize::from(shard)].held.epoch != 0 {
                    strike(Strike::EvictControl(AtShard { shard }));
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
        Fault::StreamEvicted | Fault::StreamTrimmed | Fault::ReplicaLags => {}
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
        Strike::Restart(AtShard { shard }) => {
            let epoch = if model.protocol.fence { 0 } else { state.shards[usize::from(shard)].held.epoch };
            replace(state, shard, Held { epoch, ..Held::default() });
        }
        Strike::StopReplica(AtShard { shard }) => {
            let shard = &mut state.shards[usize::from(shard)];
            shard.replica = Replica::Stopped(Box::new(shard.held.clone()));
        }
        Strike::Failover(AtShard { shard }) => {
            let replica = std::mem::take(&mut state.shards[usize::from(shard)].replica);
            if let Replica::Beginning(held) | Replica::Stopped(held) = replica {
                replace(state, shard, *held);
            }
        }
        Strike::Cut(Place { node, shard }) => {
            let own = &mut state.nodes[usize::from(node)];
            let link = &mut own.links[usize::from(shard)];
            (link.cut, link.connected) = (true, false);
            if usize::from(shard) == CONTROL {
                own.inbox.clear();
            }
        }
        Strike::LoseAnswer(writing) => step::owe(model, state, writing),
        Strike::LoseToken(OfKey { key }) => {
            state.shards[model.scenario.home(key.into())].held.slots[usize::from(key)].token = 0;
        }
        Strike::ExpireFloor(OfKey { key }) => {
            let key = usize::from(key);
            state.shards[model.scenario.home(key)].held.slots[key].floor = 0;
            for node in &mut state.nodes {
                node.floors[key] = 0;
            }
        }
        Strike::EvictValue(OfKey { key }) => {
            state.shards[model.scenario.home(key.into())].held.slots[usize::from(key)].value = None;
        }
        Strike::EvictControl(AtShard { shard }) => {
            let held = &mut state.shards[usize::from(shard)].held;
            (held.epoch, held.run) = (0, 0);
            (held.control.clock, held.control.stamp) = (0, 0);
        }
        Strike::EvictStamps => state.shards[CONTROL].held.control.stamp = 0,
        Strike::EvictClock => {
            let control = &mut state.shards[CONTROL].held.control;
            *control = Control { stamp: control.stamp, announced: control.announced, ..Control::default() };
        }
        Strike::EvictStream => state.shards[CONTROL].held.control.stream.clear(),
        Strike::TrimStream => {
            state.shards[CONTROL].held.control.stream.remove(0);
        }
    }
}

/// Another server answers in the shard's place, with what it holds.
fn replace(state: &mut State, shard: u8, held: Held) {
    let at = usize::from(shard);
    state.shards[at].run += 1;
    state.shards[at].held = held;
    for node in &mut state.nodes {
        node.links[at].connected = false;
    }
}

fn crash(model: &Coherence, state: &mut State, node: u8) {
    let applied = state.applied;
    let own = &mut state.nodes[usize::from(node)];
    let links = own.links.iter().map(|link| Link { cut: link.cut, ..Link::default() }).collect();
    // Promised to who lives on: what it had queued is forgotten, what was `Applied` is not.
    let promised = std::array::from_fn(|key| applied[key].min(own.own[key]));
    *own = Node { links, suspect: true, own: promised, heard: own.heard, ..Node::default() };
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
