use std::time::Duration;

use crate::fault::Fault;
use crate::servers::Kind;

/// What a run does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Which servers there are.
    pub servers: Kind,
    /// Which faults are drawn, each once before one comes again. Default all there are for these servers.
    pub faults: Vec<Fault>,
    /// Decides which faults come when, and what workers do; not how threads interleave.
    pub seed: u64,
    /// The run ends once so many reads and writes were made, and there were `at_least_faults`, and it is older than
    /// `at_least`. Default 200,000.
    pub operations: u64,
    /// As many as there are in `faults` are all of them once. Default 0.
    pub at_least_faults: u64,
    /// Default 15 s.
    pub at_least: Duration,
    /// The staleness bound, of the caches and of the judge. Default 500 ms.
    pub bound: Duration,
    /// Tasks a node. Default 64.
    pub workers: usize,
    /// The cache that breaks the promise, if any.
    pub mutant: Option<Mutant>,
}

/// A cache that breaks the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Its nodes do not hear of each other's invalidations.
    Deaf,
    /// It believes its memory for 60 bounds after it last heard from Redis.
    Trusting,
}

impl Plan {
    /// The defaults for servers, with a seed.
    #[must_use]
    pub fn new(servers: Kind, seed: u64) -> Self {
        Self {
            servers,
            faults: Fault::of(servers),
            seed,
            operations: 200_000,
            at_least_faults: 0,
            at_least: Duration::from_secs(15),
            bound: Duration::from_millis(500),
            workers: 64,
            mutant: None,
        }
    }
}
