//! What is explored: where all promises hold, where they are not made, and which rule keeps which promise.

mod holding;
mod mutations;
mod worlds;

use std::collections::BTreeSet;

use crate::clock::Clocks;
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
    /// Whether the rules are those of the cache, or were changed from them.
    pub as_built: bool,
}

impl Case {
    fn new(rules: impl Into<String>, protocol: Protocol, scenario: Scenario) -> Self {
        let rules = rules.into();
        let rules = if protocol.floor || rules.contains("no floor") { rules } else { rules + ", no floor" };
        Self { rules, protocol, scenario, breaks: Vec::new(), large: false, as_built: false }
    }

    fn built(rules: impl Into<String>, protocol: Protocol, scenario: Scenario) -> Self {
        Self { as_built: true, ..Self::new(rules, protocol, scenario) }
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

    /// The same world under the rules that were not changed. Without floors where the mutation has none, unless the world needs
    /// them.
    #[must_use]
    pub fn twin(&self) -> Self {
        if self.as_built {
            let clocks = self.protocol.clocks;
            let still = if clocks == Clocks::Still { ", clocks stand still" } else { "" };
            let twin = self.as_the_cache();
            return Self {
                rules: twin.rules.replacen("as built", &format!("as built{still}"), 1),
                protocol: Protocol { clocks, ..twin.protocol },
                ..twin
            };
        }
        let v3 = Protocol { floor: self.has_floors(), outbox: self.protocol.outbox, ..Protocol::v3() };
        Self { large: self.large, ..Self::new("v3", v3, self.scenario.clone()) }
    }

    /// The same world under the rules of the cache.
    #[must_use]
    pub fn as_the_cache(&self) -> Self {
        let outbox = self.protocol.outbox;
        let rules = if outbox { "as built, outbox" } else { "as built" };
        let protocol = Protocol { floor: self.has_floors(), outbox, ..Protocol::v3().as_built() };
        Self { large: self.large, ..Self::built(rules, protocol, self.scenario.clone()) }
    }

    fn has_floors(&self) -> bool {
        self.protocol.floor || self.scenario.allows(Fault::ReplicaLags)
    }
}

/// The worlds of the mutations under the rules that were not changed, where [`holding`] does not have them.
pub fn twins() -> Vec<Case> {
    let mut seen: BTreeSet<_> = holding().iter().map(Case::name).collect();
    mutations().iter().map(Case::twin).filter(|twin| seen.insert(twin.name())).collect()
}

/// Everything.
pub fn all() -> Vec<Case> {
    let holding = holding().into_iter().chain(twins());
    holding.chain(not_promised()).chain(mutations()).chain(spare()).collect()
}
