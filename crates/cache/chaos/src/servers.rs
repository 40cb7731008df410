use std::time::Duration;

use mainstay_testkit::StartError;
use mainstay_testkit::redis::Redis;

/// What the caches are kept coherent by.
#[derive(Debug)]
pub(crate) enum Servers {
    /// One server. A kill takes it away until it is started again, with its data or without.
    Single(Redis),
}

impl Servers {
    pub(crate) fn single(persistent: bool) -> Result<Self, StartError> {
        let server = if persistent { Redis::builder().persistent().start()? } else { Redis::start()? };
        Ok(Self::Single(server))
    }

    /// Where a node's own proxy leads to.
    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Single(server) => server.port(),
        }
    }

    pub(crate) fn kill(&self) {
        match self {
            Self::Single(server) => server.kill(),
        }
    }

    pub(crate) fn restart(&self) -> Result<(), StartError> {
        match self {
            Self::Single(server) => server.restart(),
        }
    }

    pub(crate) fn pause(&self) {
        match self {
            Self::Single(server) => server.pause(),
        }
    }

    pub(crate) fn resume(&self) {
        match self {
            Self::Single(server) => server.resume(),
        }
    }

    /// Tells Redis something by another way than the nodes'; it may be away.
    pub(crate) fn tell(&self, words: &[&str], limit: Duration) -> redis::RedisResult<()> {
        let Self::Single(server) = self;
        let mut connection = redis::Client::open(server.url())?.get_connection_with_timeout(limit)?;
        connection.set_read_timeout(Some(limit))?;
        redis::cmd(words[0]).arg(&words[1..]).exec(&mut connection)
    }
}
