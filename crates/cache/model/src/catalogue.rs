//! What is explored: where all promises hold, where they are not made, and which rule keeps which promise.

use std::time::Duration;

use crate::fault::Fault::{self, *};
use crate::model::Coherence;
use crate::protocol::{Protocol, Reissue, Voids};
use crate::scenario::Scenario;
use crate::state::Target;
use crate::properties::{CACHEABLE, FILL, LIVE, OWN, PEER, REST};

const KEY: Target = Target::Key(0);
const OTHER: Target = Target::Key(1);
const TAG: Target = Target::Stamp;

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

    /// The same world under the protocol itself, as far as floors and outbox go.
    #[must_use]
    pub fn twin(&self) -> Self {
        let v3 = Protocol { floor: self.protocol.floor, outbox: self.protocol.outbox, ..Protocol::v3() };
        Self { large: self.large, ..Self::new("v3", v3, self.scenario.clone()) }
    }
}

/// Everything.
pub fn all() -> Vec<Case> {
    holding().into_iter().chain(not_promised()).chain(mutations()).collect()
}

fn faults() -> Vec<(&'static str, u8, Vec<Fault>)> {
    vec![
        ("no fault", 0, vec![]),
        ("loss", 1, vec![Loss]),
        ("duplicate", 1, vec![Duplicate]),
        ("reorder", 1, vec![Reorder]),
        ("crash", 1, vec![Crash]),
        ("restart", 1, vec![Restart]),
        ("failover", 1, vec![Failover]),
        ("partition", 1, vec![Partition]),
        ("answer lost", 1, vec![AnswerLost]),
        ("token lost", 1, vec![TokenLost]),
        ("floor expired", 1, vec![FloorExpired]),
        ("value evicted", 1, vec![ValueEvicted]),
        ("control key evicted", 1, vec![ControlEvicted]),
        ("stream evicted", 1, vec![StreamEvicted]),
        ("stream trimmed and loss", 2, vec![StreamTrimmed, Loss]),
    ]
}

/// A scenario for each fault, with and without floors.
fn with_each_fault(cases: &mut Vec<Case>, rules: &str, v3: Protocol, make: impl Fn(&str) -> Scenario) {
    for (name, budget, faults) in faults() {
        for protocol in [v3, v3.without_floor()] {
            if protocol.floor || !faults.contains(&FloorExpired) {
                cases.push(Case::new(rules, protocol, make(name).with(budget, &faults)));
            }
        }
    }
}

/// Where all promises hold.
pub fn holding() -> Vec<Case> {
    let mut cases = Vec::new();
    let v3 = Protocol::v3();
    let one = |what: &'static str, target| move |fault: &str| Scenario::new(format!("{what}: {fault}"), &[0, 1], &[(0, target)]);
    with_each_fault(&mut cases, "v3", v3, one("key", KEY));
    with_each_fault(&mut cases, "v3", v3, one("tag", TAG));
    cases
}

/// Where a promise is not made.
pub fn not_promised() -> Vec<Case> {
    Vec::new()
}

/// Every rule left out that is needed, with the promise that it keeps.
pub fn mutations() -> Vec<Case> {
    Vec::new()
}
