use super::{Clients, Server};
use crate::{ConfigError, config_error::Problems};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// What a simulation plays: a server, those who call it, for how long, under which seed.
///
/// Default: the default server and clients for 60 s in slices of 1 s, seed 1.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Scenario {
    /// The server.
    pub server: Server,
    /// The groups of clients; at least one.
    pub clients: Vec<Clients>,
    /// For how long calls come. Default 60 s; at most 30 days. What is under way then is played to its end, for an hour at most.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub duration: Duration,
    /// The grain of the report. Default 1 s; at least 1 ms, and `duration` is a multiple of it.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub slice: Duration,
    /// What chance draws from. Default 1.
    pub seed: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new(Server::default(), Clients::default())
    }
}

const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
const MOST_SLICES: u128 = 10_000_000;

impl Scenario {
    /// These clients and this server for 60 s.
    pub fn new(server: Server, clients: Clients) -> Self {
        Self {
            server,
            clients: vec![clients],
            duration: Duration::from_secs(60),
            slice: Duration::from_secs(1),
            seed: 1,
        }
    }

    /// Adds a group of clients, of another name.
    #[must_use]
    pub fn and_clients(mut self, clients: Clients) -> Self {
        self.clients.push(clients);
        self
    }

    /// Sets for how long calls come. Default 60 s; at most 30 days.
    #[must_use]
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// Sets the grain of the report. Default 1 s; at least 1 ms.
    #[must_use]
    pub fn slice(mut self, slice: Duration) -> Self {
        self.slice = slice;
        self
    }

    /// Sets what chance draws from. Default 1.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Checks every field; `name` is the simulation's name in the error.
    ///
    /// # Errors
    /// All fields that are out of range.
    pub fn validate(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        self.server.check(&mut problems);
        problems.require(!self.clients.is_empty(), "clients", &self.clients, "at least one group");
        let mut names = BTreeSet::new();
        for clients in &self.clients {
            clients.check(&mut problems);
            let is_new = names.insert(clients.name.as_str());
            problems.require(is_new, "clients.name", &clients.name, "another for each group");
        }
        let (duration, slice) = (self.duration, self.slice);
        let in_range = !duration.is_zero() && duration <= LONGEST;
        problems.require(in_range, "duration", duration, "above 0s, at most 30d");
        let slices = duration.as_nanos().checked_div(slice.as_nanos()).unwrap_or(0);
        let even = slices > 0 && slices * slice.as_nanos() == duration.as_nanos();
        problems.require(
            slice >= Duration::from_millis(1) && even && slices <= MOST_SLICES,
            "slice",
            slice,
            "at least 1ms, and the duration a multiple of it, at most 10000000 times",
        );
        problems.into_result(name)
    }
}
