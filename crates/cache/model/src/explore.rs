//! Walking through all states of a model, breadth first, so that what is found is the shortest way to it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model};

use crate::model::Coherence;
use crate::properties::{PROMISES, SANE};
use crate::step::Step;

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Explored {
    /// The promises that do not hold.
    pub broken: Vec<Broken>,
    /// Whether some way leads to the new value in L1 and L2, so that the promises did not hold for want of events.
    pub sane: bool,
    /// Different states seen.
    pub states: usize,
    /// How long it took.
    pub took: Duration,
    /// Whether there was nothing left to see. Else the time was up.
    pub whole: bool,
}

/// A promise, and how it is broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// Its name.
    pub promise: &'static str,
    /// Whether the world began with values in L1 and L2.
    pub warm: bool,
    /// What happens then.
    pub steps: Vec<Step>,
}

/// Explores until the promise is broken, then goes back for the shortest way there. On one thread, so that without a limit of
/// time what is found is always the same.
pub fn find(model: &Coherence, promise: &'static str, limit: Option<Duration>) -> Option<Broken> {
    let mut shortest: Option<Broken> = None;
    loop {
        let until = HasDiscoveries::AllOf(BTreeSet::from([promise]));
        let mut checker = model.clone().checker().finish_when(until);
        if let Some(found) = &shortest {
            // A state's depth counts the states on the way to it, and those at the depth given are left out.
            checker = checker.target_max_depth(found.steps.len() + 1);
        }
        if let Some(limit) = limit {
            checker = checker.timeout(limit);
        }
        match broken(&checker.spawn_bfs().join(), promise) {
            Some(found) => shortest = Some(found),
            None => return shortest,
        }
    }
}

/// Explores all, or as much as the time allows, on two threads.
pub fn explore(model: Coherence, limit: Option<Duration>) -> Explored {
    let begun = Instant::now();
    let mut checker = model.checker().threads(2);
    if let Some(limit) = limit {
        checker = checker.timeout(limit);
    }
    let checker = checker.spawn_bfs().join();
    let took = begun.elapsed();
    Explored {
        broken: PROMISES.into_iter().filter_map(|promise| broken(&checker, promise)).collect(),
        sane: checker.discovery(SANE).is_some(),
        states: checker.unique_state_count(),
        took,
        whole: limit.is_none_or(|limit| took < limit),
    }
}

fn broken(checker: &impl Checker<Coherence>, promise: &'static str) -> Option<Broken> {
    let path = checker.discovery(promise)?;
    let warm = path.clone().into_states().first() == Some(&checker.model().beginning(true));
    Some(Broken { promise, warm, steps: path.into_actions() })
}
