//! The model that is explored: rules and a scenario, turned into states and steps.

use arrayvec::ArrayVec;
use stateright::{Model, Property};

use crate::clock::Clocks;
use crate::protocol::Protocol;
use crate::scenario::Scenario;
use crate::state::{
    Bucket, CONTROL, Copied, Database, Held, Invalidation, Link, NODES, Node, Reader, Replica, Run, Slot,
    State, Value,
};
use crate::{fault, properties, step, step::Step};

/// A protocol at work in a scenario.
#[derive(Clone, Debug)]
pub struct Coherence {
    /// The rules that are on.
    pub protocol: Protocol,
    /// The world they meet.
    pub scenario: Scenario,
}

impl Coherence {
    /// Redis up, all nodes connected; empty, or with every key's first version in L1 and L2.
    pub fn beginning(&self, warm: bool) -> State {
        let placed = self.scenario.servers();
        let servers = 1 + placed.iter().copied().max().unwrap_or_default();
        let servers: ArrayVec<Run, _> = (1..=servers).collect();
        let buckets = placed.iter().enumerate().map(|(at, server)| self.bucket(at, *server, warm));
        let buckets = buckets.collect::<ArrayVec<Bucket, _>>();
        let mut node = Node { connected: true, ..Node::default() };
        for bucket in &buckets {
            node.links.push(Link { run: bucket.held.run, epoch: bucket.held.epoch, met: None });
        }
        if warm {
            for key in self.scenario.keys() {
                node.l1[key] = Some(Copied { version: 1, born: 0 });
            }
        }
        let writers = self.scenario.writers.iter();
        let direct = writers.map(|writes| Invalidation { node: writes.node, ..Invalidation::default() });
        let rows = if self.protocol.outbox { self.scenario.writers.len() } else { 0 };
        State {
            database: Database::default(),
            epochs: buckets.len() as u8,
            runs: servers.len() as u8,
            servers,
            buckets,
            nodes: std::array::from_fn::<_, NODES, _>(|_| node.clone()),
            readers: self.scenario.readers.iter().map(|_| Reader::default()).collect(),
            invalidations: direct.chain((0..rows).map(|_| Invalidation::default())).collect(),
            faults_left: self.scenario.budget,
            applied: Default::default(),
            broken: Default::default(),
        }
    }

    /// The steps that may be taken next, faults among them.
    pub fn offered(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        self.actions(state, &mut steps);
        steps
    }

    /// What comes of a step that is offered.
    #[must_use]
    pub fn after(&self, state: &State, step: Step) -> State {
        let mut next = state.clone();
        step::take(self, &mut next, step);
        if self.protocol.clocks == Clocks::Agreeing {
            next.renumber_clocks();
        }
        next
    }

    fn bucket(&self, at: usize, server: u8, warm: bool) -> Bucket {
        let epoch = at as u8 + 1;
        let mut held = Held { epoch, run: server + 1, ..Held::default() };
        for key in self.scenario.keys().filter(|key| warm && self.scenario.home(*key) == at) {
            let clock_epoch = CONTROL as u8 + 1;
            held.slots[key] =
                Slot { value: Some(Value { version: 1, born: 0, epoch, clock_epoch }), ..Slot::default() };
        }
        let ahead =
            self.scenario.allows(fault::Fault::Failover) || self.scenario.allows(fault::Fault::FailBack);
        let replica = if ahead { Replica::Beginning(Box::new(held.clone())) } else { Replica::Absent };
        Bucket { server, held, replica }
    }
}

impl Model for Coherence {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![self.beginning(false), self.beginning(true)]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        // What follows a broken promise of a read is of no interest.
        if state.broken.own || state.broken.peer {
            return;
        }
        step::offer(self, state, true, steps);
        fault::offer(self, state, steps);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        Some(self.after(state, step))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
