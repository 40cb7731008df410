//! The model that is explored: rules and a scenario, turned into states and steps.

use arrayvec::ArrayVec;
use stateright::{Model, Property};

use crate::protocol::Protocol;
use crate::scenario::Scenario;
use crate::state::{
    Control, Copied, Database, Held, Invalidation, Link, NODES, Node, Reader, Replica, Shard, Slot, State,
    Value,
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
        let shards = (0..self.scenario.shards() as u8)
            .map(|shard| self.shard(shard + 1, warm))
            .collect::<ArrayVec<_, _>>();
        let mut node = Node::default();
        for shard in &shards {
            node.links.push(Link { connected: true, cut: false, run: shard.run, epoch: shard.held.epoch });
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
            epochs: shards.len() as u8,
            shards,
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
        next
    }

    fn shard(&self, epoch: u8, warm: bool) -> Shard {
        let mut held = Held { epoch, run: 1, slots: Default::default(), control: Control::default() };
        for key in
            self.scenario.keys().filter(|key| warm && self.scenario.home(*key) + 1 == usize::from(epoch))
        {
            held.slots[key] =
                Slot { value: Some(Value { version: 1, born: 0, epoch, clock_epoch: 1 }), ..Slot::default() };
        }
        let ahead = self.scenario.allows(fault::Fault::Failover);
        let replica = if ahead { Replica::Beginning(Box::new(held.clone())) } else { Replica::Absent };
        Shard { run: 1, held, replica }
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
        let mut next = state.clone();
        step::take(self, &mut next, step);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
