use std::slice;

use fastrand::Rng;
use mainstay_cache::RedisConfig;
use mainstay_testkit::StartError;
use mainstay_testkit::proxy::Proxy;
use mainstay_testkit::redis::Redis;

use super::{Primary, Servers};
use crate::ways;

/// One server. A kill takes it away until it is started again, with its data or without.
#[derive(Debug)]
pub(super) struct Single {
    server: Redis,
    proxy: Proxy,
}

impl Single {
    pub(super) fn start(persistent: bool) -> Result<Self, StartError> {
        let builder = Redis::builder().args(ways::users());
        let server = if persistent { builder.persistent() } else { builder }.start()?;
        let proxy = Proxy::to(("127.0.0.1", server.port()))?;
        Ok(Self { server, proxy })
    }
}

impl Servers for Single {
    fn config(&self, node: usize) -> RedisConfig {
        RedisConfig::new(ways::url(node, self.proxy.port()))
    }

    fn proxies(&self) -> Vec<&Proxy> {
        slice::from_ref(&self.proxy).iter().collect()
    }

    fn control(&self) -> Result<&Redis, StartError> {
        Ok(&self.server)
    }

    fn any_primary(&self, _: &mut Rng) -> Result<Primary<'_>, StartError> {
        Ok(Primary { server: &self.server, slot: 0 })
    }

    fn restart(&self, server: &Redis) -> Result<(), StartError> {
        server.restart()
    }
}
