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
    /// Whether there was nothing left to see. Else the time was up, or what was looked for was found.
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

/// Explores all, or as much as the time allows, on two threads.
pub fn explore(model: Coherence, limit: Option<Duration>) -> Explored {
    run(model, limit, HasDiscoveries::All, 2)
}

/// Explores until the promise is broken, on one thread, so that what is found is always the same.
pub fn find(model: Coherence, promise: &'static str, limit: Option<Duration>) -> Explored {
    run(model, limit, HasDiscoveries::AllOf(BTreeSet::from([promise])), 1)
}

fn run(model: Coherence, limit: Option<Duration>, until: HasDiscoveries, threads: usize) -> Explored {
    let begun = Instant::now();
    let early = !matches!(until, HasDiscoveries::All);
    let mut checker = model.checker().threads(threads).finish_when(until);
    if let Some(limit) = limit {
        checker = checker.timeout(limit);
    }
    let checker = checker.spawn_bfs().join();
    let took = begun.elapsed();
    let discoveries = checker.discoveries();
    let broken = PROMISES.into_iter().filter_map(|promise| {
        let path = discoveries.get(promise)?;
        let warm = path.clone().into_states().first() == Some(&checker.model().beginning(true));
        Some(Broken { promise, warm, steps: path.clone().into_actions() })
    });
    let broken: Vec<_> = broken.collect();
    Explored {
        whole: limit.is_none_or(|limit| took < limit) && !(early && !broken.is_empty()),
        broken,
        sane: discoveries.contains_key(SANE),
        states: checker.unique_state_count(),
        took,
    }
}
