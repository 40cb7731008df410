use std::time::Duration;

use super::callers::Callers;
use super::outcome::Outcome;
use super::run::Run;
use super::server::Server;
use super::strategy::Strategy;

/// A server, its callers and a seed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Scenario {
    /// What the pool's connections lead to.
    pub server: Server,
    /// Who asks for them.
    pub callers: Callers,
    /// How long a caller waits for a connection.
    pub patience: Duration,
    /// How long it all lasts.
    pub length: Duration,
    /// The seed of arrivals and service times.
    pub seed: u64,
}

/// Queries of 20 ms; 1 200 a second at 24 connections, a little more than half of that at a hundred.
const SERVER: Server = Server { service_secs: 0.02, knee: 24.0, contention: 0.0, thrashing: 0.25 };

impl Scenario {
    /// Two minutes at 66 % of what the server can do, with five seconds of 160 % in between.
    pub fn burst(seed: u64) -> Self {
        let callers = Callers::Open {
            rate: 0.66 * SERVER.capacity(),
            burst_rate: 1.6 * SERVER.capacity(),
            burst_at: Duration::from_secs(40),
            burst_for: Duration::from_secs(5),
        };
        Self {
            server: SERVER,
            callers,
            patience: Duration::from_secs(2),
            length: Duration::from_secs(120),
            seed,
        }
    }

    /// Two minutes of 64 callers who ask again as soon as they were served.
    pub fn saturated(seed: u64) -> Self {
        Self { callers: Callers::Closed(64), ..Self::burst(seed) }
    }

    /// As [`saturated`](Self::saturated), before a server that every query makes a little slower: at 24 connections they take twice as long
    /// as alone, and are served most all the same.
    pub fn contended(seed: u64) -> Self {
        Self { server: Server { contention: 0.045, ..SERVER }, ..Self::saturated(seed) }
    }

    /// Plays it through.
    ///
    /// # Panics
    ///
    /// If the configuration of an adaptive strategy is out of range.
    pub fn run(&self, strategy: &Strategy) -> Outcome {
        Run::new(*self, strategy).play()
    }

    /// Of fixed sizes up to `max`, an eighth apart, the one that serves the most callers, and how it fares.
    pub fn best_fixed(&self, max: usize) -> (usize, Outcome) {
        let fixed = |size| (size, self.run(&Strategy::Fixed(size)));
        let sizes = std::iter::successors(Some(2), |size| Some(size + (size / 8).max(1)));
        sizes
            .take_while(|size| *size <= max)
            .map(fixed)
            .fold(fixed(1), |best, next| if next.1.served > best.1.served { next } else { best })
    }
}
