//! What is explored: where all promises hold, where they are not made, and which rule keeps which promise.

mod holding;
mod mutations;
mod worlds;

use crate::fault::Fault;
use crate::model::Coherence;
use crate::protocol::Protocol;
use crate::scenario::Scenario;

pub use holding::holding;
pub use mutations::{mutations, not_promised, spare};

/// Rules, a world, and what comes of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rules' name: `v3`, or what was changed of it.
    pub rules: String,
    /// The rules.
    pub protocol: Protocol,
    /// The world.
    pub scenario: Scenario,
    /// The promises that must be broken; none where all hold.
    pub breaks: Vec<&'static str>,
    /// More states than a test should go through.
    pub large: bool,
}

impl Case {
    fn new(rules: impl Into<String>, protocol: Protocol, scenario: Scenario) -> Self {
        let rules = rules.into();
        let rules = if protocol.floor || rules.contains("no floor") { rules } else { rules + ", no floor" };
        Self { rules, protocol, scenario, breaks: Vec::new(), large: false }
    }

    fn breaking(self, breaks: &[&'static str]) -> Self {
        Self { breaks: breaks.to_vec(), ..self }
    }

    fn large(self) -> Self {
        Self { large: true, ..self }
    }

    /// Unique in the catalogue.
    pub fn name(&self) -> String {
        format!("{} | {}", self.rules, self.scenario.name)
    }

    /// What is explored.
    pub fn model(&self) -> Coherence {
        Coherence { protocol: self.protocol, scenario: self.scenario.clone() }
    }

    /// The same world under the protocol itself. Without floors where the mutation has none, unless the world needs them.
    #[must_use]
    pub fn twin(&self) -> Self {
        let floor = self.protocol.floor || self.scenario.allows(Fault::ReplicaLags);
        let v3 = Protocol { floor, ..Protocol::v3() };
        Self { large: self.large, ..Self::new("v3", v3, self.scenario.clone()) }
    }
}

/// Everything.
pub fn all() -> Vec<Case> {
    holding().into_iter().chain(not_promised()).chain(mutations()).chain(spare()).collect()
}
