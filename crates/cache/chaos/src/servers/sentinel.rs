use std::time::Duration;

use fastrand::Rng;
use mainstay_cache::{RedisConfig, SentinelConfig};
use mainstay_testkit::StartError;
use mainstay_testkit::proxy::Proxy;
use mainstay_testkit::redis::{Redis, RedisSentinel, Sentinel};

use super::{Group, Order, Primary, Servers, ask};
use crate::node::COMMAND_TIMEOUT;
use crate::ways;

/// Silence after which a Sentinel holds a server for dead.
const DOWN_AFTER: Duration = Duration::from_secs(1);

/// A primary and a replica under three Sentinels.
#[derive(Debug)]
pub(super) struct Sentinels(RedisSentinel);

impl Sentinels {
    pub(super) fn start(persistent: bool) -> Result<Self, StartError> {
        let mut builder = RedisSentinel::builder().down_after(DOWN_AFTER).behind_proxies();
        for argument in ways::users() {
            builder = builder.arg(argument);
        }
        if persistent {
            builder = builder.persistent();
        }
        builder.start().map(Self)
    }
}

impl Servers for Sentinels {
    fn config(&self, node: usize) -> RedisConfig {
        let sentinel = SentinelConfig::new(self.0.master_name(), self.0.sentinel_urls());
        // Of the URL only the user counts.
        RedisConfig::new(ways::url(node, 1)).sentinel(sentinel)
    }

    fn proxies(&self) -> Vec<&Proxy> {
        self.0.nodes().iter().map(|server| self.proxy(server)).collect()
    }

    fn control(&self) -> Result<&Redis, StartError> {
        self.0.primary()
    }

    fn any_primary(&self, _: &mut Rng) -> Result<Primary<'_>, StartError> {
        Ok(Primary { server: self.0.primary()?, slot: 0 })
    }

    fn restart(&self, server: &Redis) -> Result<(), StartError> {
        server.restart()?;
        self.0.whole()
    }

    fn longest_pause(&self) -> Duration {
        DOWN_AFTER * 2 / 5
    }

    fn group(&self) -> Option<&dyn Group> {
        Some(self)
    }

    fn first_sentinel(&self) -> Option<&Sentinel> {
        self.0.sentinels().first()
    }
}

impl Group for Sentinels {
    fn proxy(&self, server: &Redis) -> &Proxy {
        self.0.proxy(server).expect("they were started behind proxies")
    }

    fn replica(&self, primary: Primary<'_>) -> Result<&Redis, StartError> {
        let others = self.0.nodes().iter().find(|server| server.port() != primary.server.port());
        Ok(others.expect("there are two servers"))
    }

    fn order(&self, _: Primary<'_>, _: Order) -> Result<(), StartError> {
        self.0.promote().map(drop)
    }

    fn successor(&self, old: Primary<'_>) -> Result<&Redis, StartError> {
        self.0.elected_instead_of(old.server)
    }

    fn follow(&self, old: &Redis) -> Result<(), StartError> {
        self.0.follow(old)
    }

    fn runs_of_epochs(&self, server: &Redis) -> redis::RedisResult<Vec<String>> {
        let run: Option<String> = ask(server, &["HGET", &self.control_names().0, "r"], COMMAND_TIMEOUT)?;
        Ok(vec![run.unwrap_or_default()])
    }
}
