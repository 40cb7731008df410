use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{FromRedisValue, IntoConnectionInfo as _, RedisError, ScriptInvocation, Value};

use super::scripts::Scripts;
use crate::clock::Clock;
use crate::codec::header::{EPOCH_AT, STAMPED_TO};
use crate::entry::Source;
use crate::error::CacheError;
use crate::layers::lower::Lower;
use crate::layers::shared::{Authority, Item, LayerError, Reading, Shared, Slot};
use crate::options::RedisConfig;
use crate::stamps::{Stamps, Target};

const _: () =
    assert!(EPOCH_AT == 12 && STAMPED_TO == 28, "the fill script reads epoch and born at these offsets");

/// Redis: keeper of the namespace clock. Commands of concurrent tasks share one connection, where they are pipelined.
struct RedisLayer {
    connection: ConnectionManager,
    prefix: String,
    /// The epoch this process proposes if Redis has none.
    candidate: [u8; 8],
    /// The epoch and version of the stamps last merged into `stamps`.
    known: Mutex<(u64, u64)>,
    clock: Arc<Clock>,
    stamps: Arc<Stamps>,
    stamp_bound: usize,
    floor_ms: u64,
    scripts: Scripts,
}

/// Opens the layer; Redis is first spoken to when it is first needed.
pub(crate) fn open(
    cache: &str,
    config: &RedisConfig,
    stamp_bound: usize,
    clock: &Arc<Clock>,
    stamps: &Arc<Stamps>,
) -> Result<Lower, CacheError> {
    let failed = |error: RedisError| CacheError::Redis { cache: cache.to_owned(), reason: error.to_string() };
    // Off by default in redis 1.x: without it small pipelined commands wait for Nagle's algorithm.
    let tcp = TcpSettings::default().set_nodelay(true);
    let address = config.url.as_str().into_connection_info().map_err(failed)?.set_tcp_settings(tcp);
    let manager = ConnectionManagerConfig::new()
        .set_response_timeout(Some(config.command_timeout))
        .set_connection_timeout(Some(config.connect_timeout))
        .set_number_of_retries(1);
    let client = redis::Client::open(address).map_err(failed)?;
    let layer = RedisLayer {
        connection: ConnectionManager::new_lazy_with_config(client, manager).map_err(failed)?,
        prefix: if config.prefix.is_empty() { format!("mainstay:{cache}") } else { config.prefix.clone() },
        candidate: fastrand::u64(1..).to_be_bytes(),
        known: Mutex::default(),
        clock: clock.clone(),
        stamps: stamps.clone(),
        stamp_bound,
        floor_ms: u64::try_from(config.floor_ttl.as_millis()).unwrap_or(u64::MAX),
        scripts: Scripts::new(),
    };
    Ok(Lower::new(Source::L2, Arc::new(layer), config.command_timeout, config.backlog))
}

impl RedisLayer {
    fn invocation<'a>(&self, script: &'a redis::Script, at: u64, keys: &[&Arc<str>]) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        invocation.key(format!("{}:meta", self.prefix));
        for key in keys {
            invocation.key(format!("{}:v:{key}", self.prefix));
            invocation.key(format!("{}:f:{key}", self.prefix));
        }
        invocation.arg(&self.candidate[..]).arg(at.max(self.clock.read()));
        invocation
    }

    async fn send<T: FromRedisValue>(&self, invocation: &ScriptInvocation<'_>) -> Result<T, LayerError> {
        invocation
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(|error: RedisError| LayerError(error.to_string()))
    }

    async fn told(&self, invocation: &ScriptInvocation<'_>) -> Result<u64, LayerError> {
        let (_epoch, clock): (Vec<u8>, u64) = self.send(invocation).await?;
        Ok(clock)
    }

    fn learn(&self, epoch: u64, version: u64, stamps: Vec<(String, Value)>) -> Result<(), LayerError> {
        let mut news = Vec::with_capacity(stamps.len());
        for (name, value) in stamps {
            if let Some(target) = Target::from_name(&name) {
                let stamp: u64 =
                    redis::from_redis_value(value).map_err(|error| LayerError(error.to_string()))?;
                self.clock.observe(stamp);
                news.push((target, stamp));
            }
        }
        self.stamps.merge(news);
        // Only now, so that nobody claims to know what is not merged yet.
        *self.known.lock() = (epoch, version);
        Ok(())
    }
}

impl Shared for RedisLayer {
    fn read<'a>(&'a self, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<Reading, LayerError>> {
        async move {
            let (epoch, version) = *self.known.lock();
            let mut invocation = self.invocation(&self.scripts.read, 0, &keys.iter().collect::<Vec<_>>());
            invocation.arg(&epoch.to_be_bytes()[..]).arg(version);
            let mut answer: std::vec::IntoIter<Value> =
                self.send::<Vec<Value>>(&invocation).await?.into_iter();
            let epoch = epoch_of(&next::<Vec<u8>>(&mut answer)?)?;
            let clock = next(&mut answer)?;
            let version = next(&mut answer)?;
            if let Some(stamps) = next::<Option<Vec<(String, Value)>>>(&mut answer)? {
                self.learn(epoch, version, stamps)?;
            }
            let mut slots = Vec::with_capacity(keys.len());
            for _ in keys {
                let bytes = next(&mut answer)?;
                let floor = next::<Option<u64>>(&mut answer)?.unwrap_or(0);
                slots.push(Slot { bytes, floor });
            }
            Ok(Reading { clock: Some(Authority { epoch, clock }), slots })
        }
        .boxed()
    }

    fn fill<'a>(&'a self, epoch: u64, items: &'a [Item]) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let now_ms = self.clock.wall_ms();
            let (items, dead): (Vec<&Item>, Vec<&Item>) =
                items.iter().partition(|item| item.expires_ms > now_ms && item.bytes.len() >= STAMPED_TO);
            let keys: Vec<&Arc<str>> = items.iter().map(|item| &item.key).collect();
            let mut invocation = self.invocation(&self.scripts.fill, 0, &keys);
            invocation.arg(&epoch.to_be_bytes()[..]);
            for item in &items {
                invocation.arg(&item.bytes[..EPOCH_AT]).arg(&item.bytes[STAMPED_TO..]);
                invocation.arg(item.born).arg(item.expires_ms - now_ms);
            }
            Ok(self.send::<u64>(&invocation).await? + dead.len() as u64)
        }
        .boxed()
    }

    fn store<'a>(&'a self, at: u64, items: &'a [Item]) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let now_ms = self.clock.wall_ms();
            let keys: Vec<&Arc<str>> = items.iter().map(|item| &item.key).collect();
            let mut invocation = self.invocation(&self.scripts.store, at, &keys);
            invocation.arg(self.floor_ms);
            for item in items {
                invocation.arg(&item.bytes[..EPOCH_AT]).arg(&item.bytes[STAMPED_TO..]);
                invocation.arg(item.expires_ms.saturating_sub(now_ms).max(1));
            }
            self.told(&invocation).await
        }
        .boxed()
    }

    fn revoke<'a>(&'a self, at: u64, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let mut invocation = self.invocation(&self.scripts.revoke, at, &keys.iter().collect::<Vec<_>>());
            invocation.arg(self.floor_ms);
            self.told(&invocation).await
        }
        .boxed()
    }

    fn stamp<'a>(&'a self, at: u64, target: &'a Target) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let mut invocation = self.invocation(&self.scripts.stamp, at, &[]);
            invocation.arg(target.name()).arg(self.stamp_bound);
            self.told(&invocation).await
        }
        .boxed()
    }
}

fn next<T: FromRedisValue>(answer: &mut impl Iterator<Item = Value>) -> Result<T, LayerError> {
    let value = answer.next().ok_or_else(|| LayerError("the answer is too short".to_owned()))?;
    redis::from_redis_value(value).map_err(|error| LayerError(error.to_string()))
}

fn epoch_of(raw: &[u8]) -> Result<u64, LayerError> {
    let raw = raw.try_into().map_err(|_| LayerError("the epoch is not 8 bytes".to_owned()))?;
    Ok(u64::from_be_bytes(raw))
}

impl fmt::Debug for RedisLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLayer").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
