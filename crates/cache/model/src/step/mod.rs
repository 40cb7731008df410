//! The steps, a file for each step of the protocol. Every command or script at Redis, every critical section on a node and
//! every look at the database is one step; between any two of them anything may happen.

mod commit;
mod connect;
mod invalidate_key;
mod invalidate_stamp;
mod load;
mod miss;
mod outbox;
mod peer;
mod queue;
mod read;
mod reissue;
mod resynchronise;
mod settle;
mod write;

use serde::{Deserialize, Serialize};

use crate::fault::{self, Line, Strike};
use crate::model::Coherence;
use crate::state::{State, Target};

pub(crate) use peer::apply;
pub(crate) use queue::owe;
pub(crate) use write::catch_up;

/// One step, and who takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A node says hello to a bucket.
    Hello(Place),
    /// A node acts on what hello answered.
    Resynchronise(Place),
    /// A node notices that it may have missed something.
    Suspect(OnNode),
    /// The network between a node and a server is up again.
    Heal(Line),
    /// A node applies an announcement.
    Apply(Message),
    /// A read begins: L1, or a seat in a flight.
    Read(Reading),
    /// A read goes by L2.
    Bypass(Reading),
    /// In a Cluster: clock and stamps are read for a look or a miss.
    Clock(Reading),
    /// Redis is read, and nothing installed there.
    Look(Reading),
    /// The miss script runs.
    Miss(Reading),
    /// Who waits for another's token finds a value, or asks again.
    Poll(Reading),
    /// The loader reads the primary.
    Load(Reading),
    /// The loader reads the replica.
    LoadReplica(Reading),
    /// The commit script runs.
    Commit(Reading),
    /// The commit script cannot run, or is refused for its epoch.
    CommitRefused(Reading),
    /// The flight lands: L1 is filled or not, and all aboard have their answer.
    Fill(Reading),
    /// The database commits.
    Write(Writing),
    /// The replica catches up.
    CatchUp,
    /// A relay takes a row of the outbox.
    Relay(Writing),
    /// The first voiding on the writer's node.
    Bump(Writing),
    /// The whole script of invalidated keys.
    InvalidateKey(Writing),
    /// In a Cluster: the half on the next key's slot.
    RevokeSlot(Writing),
    /// In a Cluster: the half on the control key.
    Announce(Writing),
    /// The script of an invalidated tag or pattern.
    InvalidateStamp(Writing),
    /// Redis cannot be told: queued.
    Unreachable(Writing),
    /// The connection died under an answer: queued.
    AnswerLost(Writing),
    /// What is queued is tried again.
    Replay(Writing),
    /// The answer arrives: the second voiding, and `Applied`, or `Queued` if the answer is an old one.
    Settle(Writing),
    /// Not part of the protocol: recent invalidations are issued again.
    Reissue(Place),
    /// Something goes wrong.
    Fault(Strike),
}

/// A read at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Where.
    pub node: u8,
    /// The reader's place in the scenario.
    pub reader: u8,
    /// What is read.
    pub key: u8,
}

/// An invalidation at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writing {
    /// Where.
    pub node: u8,
    /// The writer's place in the scenario.
    pub writer: u8,
    /// What is written and invalidated.
    pub target: Target,
    /// Whether a relay does it, from the outbox.
    pub relay: bool,
}

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnNode {
    /// Which.
    pub node: u8,
}

/// A node and a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The node.
    pub node: u8,
    /// The bucket; 0 has the control key.
    pub bucket: u8,
}

/// An announcement in a node's inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Whose inbox.
    pub node: u8,
    /// Its place there, oldest first.
    pub index: u8,
}

/// The protocol's steps that can be taken now; those that begin a read or a write only if `starts`.
pub(crate) fn offer(model: &Coherence, state: &State, starts: bool, steps: &mut Vec<Step>) {
    for reader in 0..state.readers.len() {
        let reads = model.scenario.readers[reader];
        let reading = Reading { node: reads.node, reader: reader as u8, key: reads.key };
        read::offer(model, state, reading, starts, steps);
    }
    let writers = model.scenario.writers.len();
    for (at, invalidation) in state.invalidations.iter().enumerate() {
        let (writer, relay) = (at % writers, at >= writers);
        let target = model.scenario.writers[writer].target;
        let writing = Writing { node: invalidation.node, writer: writer as u8, target, relay };
        write::offer(model, state, writing, starts, steps);
    }
    for node in 0..state.nodes.len() as u8 {
        peer::offer(model, state, node, steps);
        connect::offer(model, state, node, steps);
        resynchronise::offer(model, state, node, steps);
        reissue::offer(model, state, node, steps);
    }
    if state.database.replica != state.database.primary {
        steps.push(Step::CatchUp);
    }
}

/// What a step does.
pub(crate) fn take(model: &Coherence, state: &mut State, step: Step) {
    match step {
        Step::Hello(place) => connect::hello(model, state, place),
        Step::Resynchronise(place) => resynchronise::resynchronise(model, state, place),
        Step::Suspect(OnNode { node }) => peer::suspect(state, node.into()),
        Step::Heal(line) => connect::heal(model, state, line),
        Step::Apply(message) => peer::deliver(model, state, message),
        Step::Read(reading) => read::read(model, state, reading),
        Step::Bypass(reading) => miss::bypass(model, state, reading),
        Step::Clock(reading) => miss::clock(model, state, reading),
        Step::Look(reading) => miss::look(model, state, reading),
        Step::Miss(reading) => miss::miss(model, state, reading),
        Step::Poll(reading) => miss::poll(model, state, reading),
        Step::Load(reading) => load::load(model, state, reading),
        Step::LoadReplica(reading) => load::load_replica(model, state, reading),
        Step::Commit(reading) => commit::commit(model, state, reading),
        Step::CommitRefused(reading) => commit::refused(state, reading),
        Step::Fill(reading) => commit::fill(model, state, reading),
        Step::Write(writing) => write::write(model, state, writing),
        Step::CatchUp => catch_up(state),
        Step::Relay(writing) => outbox::relay(model, state, writing),
        Step::Bump(writing) => invalidate_key::bump(model, state, writing),
        Step::InvalidateKey(writing) => invalidate_key::invalidate_key(model, state, writing),
        Step::RevokeSlot(writing) => invalidate_key::revoke_slot(model, state, writing),
        Step::Announce(writing) => invalidate_key::announce(model, state, writing),
        Step::InvalidateStamp(writing) => invalidate_stamp::invalidate_stamp(model, state, writing),
        Step::Unreachable(writing) | Step::AnswerLost(writing) => owe(model, state, writing),
        Step::Replay(writing) => queue::replay(model, state, writing),
        Step::Settle(writing) => settle::settle(model, state, writing),
        Step::Reissue(place) => reissue::reissue(model, state, place),
        Step::Fault(strike) => fault::strike(model, state, strike),
    }
}

impl Writing {
    /// Its place among the invalidations of a state.
    pub(crate) fn index(self, model: &Coherence) -> usize {
        usize::from(self.writer) + if self.relay { model.scenario.writers.len() } else { 0 }
    }
}
