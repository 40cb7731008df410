use std::sync::Arc;

use redis::{FromRedisValue, RedisError, ScriptInvocation};

use super::cluster::Cluster;
use super::single::Single;
use crate::clock::Clock;
use crate::error::CacheError;
use crate::layers::keeper::Keeper;
use crate::layers::shared::LayerError;
use crate::options::RedisConfig;
use crate::stamps::Stamps;

/// The servers behind the cache: one, or a Cluster.
#[derive(Debug, Clone)]
pub(crate) enum Servers {
    Single(Arc<Single>),
    Cluster(Arc<Cluster>),
}

impl Servers {
    pub(crate) fn new(
        cache: &str,
        config: &RedisConfig,
        node: u64,
        stamp_bound: usize,
        clock: &Arc<Clock>,
        stamps: &Arc<Stamps>,
    ) -> Result<Self, CacheError> {
        let failed =
            |error: RedisError| CacheError::Redis { cache: cache.to_owned(), reason: error.to_string() };
        let prefix =
            if config.prefix.is_empty() { format!("mainstay:{cache}") } else { config.prefix.clone() };
        if config.cluster.is_empty() {
            return Single::new(prefix, config, node, stamp_bound, clock, stamps)
                .map(Self::Single)
                .map_err(failed);
        }
        Cluster::new(&prefix, config, node, stamp_bound, clock, stamps).map(Self::Cluster).map_err(failed)
    }

    pub(crate) fn keeper(&self) -> Arc<dyn Keeper> {
        match self {
            Self::Single(single) => single.clone(),
            Self::Cluster(cluster) => cluster.clone(),
        }
    }

    /// The name in Redis of something that is no entry. All parts of one name are kept by one server.
    pub(crate) fn own_key(&self, part: &str, name: &str) -> String {
        match self {
            Self::Single(single) => format!("{}:{part}:{name}", single.control.prefix),
            Self::Cluster(cluster) => cluster.own_key(part, name),
        }
    }

    /// Runs a script whose first key is `key`.
    pub(crate) async fn send<T: FromRedisValue>(
        &self,
        key: &str,
        invocation: ScriptInvocation<'_>,
    ) -> Result<T, LayerError> {
        match self {
            Self::Single(single) => single.control.send(invocation).await,
            Self::Cluster(cluster) => cluster.send(key, invocation).await,
        }
    }
}
