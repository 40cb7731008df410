//! What the caches are kept coherent by, and what can befall it.

mod cluster;
mod group;
mod sentinel;
mod single;

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;
use fastrand::Rng;
use mainstay_cache::RedisConfig;
use mainstay_testkit::StartError;
use mainstay_testkit::proxy::Proxy;
use mainstay_testkit::redis::{Redis, Sentinel};
use redis::{FromRedisValue, RedisResult};

use crate::node::PREFIX;

pub(crate) use cluster::Cluster;
pub(crate) use group::{Group, Order};

/// Which servers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// One.
    Single,
    /// A primary and a replica, and three Sentinels that watch them.
    Sentinel,
    /// Three primaries with a replica each.
    Cluster,
}

/// A server that takes writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Primary<'s> {
    pub(crate) server: &'s Redis,
    /// One of its slots, if it has any.
    pub(crate) slot: u16,
}

pub(crate) trait Servers: fmt::Debug {
    /// How the client of a node finds them.
    fn config(&self, node: usize) -> RedisConfig;

    /// One before each server.
    fn proxies(&self) -> Vec<&Proxy>;

    /// The name of the control key, and of the stream of announcements.
    fn control_names(&self) -> (String, String) {
        (format!("{PREFIX}:meta"), format!("{PREFIX}:inv"))
    }

    /// The server that has the control key.
    fn control(&self) -> Result<&Redis, StartError>;

    fn any_primary(&self, rng: &mut Rng) -> Result<Primary<'_>, StartError>;

    /// Kills a server, if it lives, starts it in the place it had, and waits until all is as it was.
    fn restart(&self, server: &Redis) -> Result<(), StartError>;

    /// How long a server may stand still before the others replace it.
    fn longest_pause(&self) -> Duration {
        Duration::MAX
    }

    /// How many invalidations a node owes before it owes all: few, so that a long outage outlasts them; but as many as come
    /// while a primary is replaced: were all owed after it, no invalidation that was lost would show.
    fn backlog(&self) -> usize {
        if self.group().is_some() { 8_192 } else { 64 }
    }

    /// If one takes another's place.
    fn group(&self) -> Option<&dyn Group> {
        None
    }

    fn cluster(&self) -> Option<&Cluster> {
        None
    }

    /// The Sentinel that the nodes ask first.
    fn first_sentinel(&self) -> Option<&Sentinel> {
        None
    }
}

impl Kind {
    /// Whether the servers are persistent, and what else is theirs alone, is drawn.
    pub(crate) fn start(self, rng: &mut Rng) -> Result<(Box<dyn Servers>, bool), StartError> {
        let persistent = rng.bool();
        let servers: Box<dyn Servers> = match self {
            Self::Single => Box::new(single::Single::start(persistent)?),
            Self::Sentinel => Box::new(sentinel::Sentinels::start(persistent)?),
            Self::Cluster => Box::new(Cluster::start(persistent, rng.bool())?),
        };
        Ok((servers, persistent))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Single => "single",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        })
    }
}

/// Asks a server by another way than the nodes'; it may be away.
pub(crate) fn ask<T: FromRedisValue>(server: &Redis, words: &[&str], limit: Duration) -> RedisResult<T> {
    let mut connection = redis::Client::open(server.url())?.get_connection_with_timeout(limit)?;
    connection.set_read_timeout(Some(limit))?;
    redis::cmd(words[0]).arg(&words[1..]).query(&mut connection)
}
