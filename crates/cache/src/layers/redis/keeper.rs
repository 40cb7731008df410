use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{
    FromRedisValue, RedisError, RedisWrite, Script, ScriptInvocation, ToRedisArgs, ToSingleRedisArg, Value,
};

use super::answer::{self, Answer};
use super::client::{Address, Link, away};
use super::gather::Gather;
use super::scripts::Scripts;
use crate::clock::Clock;
use crate::codec::header::{EPOCH_AT, STAMPED_TO};
use crate::error::CacheError;
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claims, Found, Keeper, Pulse, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::shared::{Item, LayerError};
use crate::options::RedisConfig;
use crate::stamps::Stamps;

const _: () = assert!(EPOCH_AT == 12 && STAMPED_TO == 28, "the scripts find epoch and born at these offsets");

/// Redis as the keeper.
pub(crate) struct Redis {
    /// For the tasks that outlive a caller.
    own: Weak<Self>,
    pub(super) gather: Gather,
    address: Address,
    link: Mutex<Links>,
    prefix: String,
    node: u64,
    /// The epoch and version of the stamps last merged into `stamps`.
    known: Mutex<(u64, u64)>,
    clock: Arc<Clock>,
    stamps: Arc<Stamps>,
    stamp_bound: usize,
    stream_bound: usize,
    floor_ms: u64,
    token_ms: u64,
    lease_ms: u64,
    scripts: Scripts,
}

/// The name of a key in Redis, written without a text in between.
struct Name<'a> {
    prefix: &'a str,
    part: &'static str,
    key: &'a str,
}

impl ToRedisArgs for Name<'_> {
    fn write_redis_args<W: RedisWrite + ?Sized>(&self, out: &mut W) {
        out.write_arg_fmt(format_args!("{}:{}:{}", self.prefix, self.part, self.key));
    }
}

impl ToSingleRedisArg for Name<'_> {}

/// Epoch, clock and the clock at the last stamp, if there is a control key.
type Control = (Option<Vec<u8>>, Option<u64>, Option<u64>);

#[derive(Default)]
struct Links {
    /// Connected and subscribed; only hello goes over it.
    fresh: Option<Link>,
    current: Option<Link>,
}

impl Redis {
    pub(crate) fn new(
        cache: &str,
        config: &RedisConfig,
        node: u64,
        stamp_bound: usize,
        clock: &Arc<Clock>,
        stamps: &Arc<Stamps>,
    ) -> Result<Arc<Self>, CacheError> {
        let failed =
            |error: RedisError| CacheError::Redis { cache: cache.to_owned(), reason: error.to_string() };
        let prefix =
            if config.prefix.is_empty() { format!("mainstay:{cache}") } else { config.prefix.clone() };
        let address = Address::new(config).map_err(failed)?;
        Ok(Arc::new_cyclic(|own| Self {
            own: own.clone(),
            gather: Gather::default(),
            address,
            link: Mutex::default(),
            prefix,
            node,
            known: Mutex::default(),
            clock: clock.clone(),
            stamps: stamps.clone(),
            stamp_bound,
            stream_bound: config.announcements_kept,
            floor_ms: ms(config.floor_ttl),
            token_ms: ms(config.token_ttl),
            lease_ms: ms(config.lease),
            scripts: Scripts::new(),
        }))
    }

    /// The name in Redis of something that is no entry.
    pub(crate) fn own_key(&self, part: &str, name: &str) -> String {
        format!("{}:{part}:{name}", self.prefix)
    }

    fn channel(&self) -> String {
        format!("{}:inv", self.prefix)
    }

    fn connection(&self) -> Result<MultiplexedConnection, LayerError> {
        let link = self.link.lock();
        let link = link.current.as_ref().ok_or_else(|| LayerError::Away("not connected".to_owned()))?;
        Ok(link.connection.clone())
    }

    fn invoke<'a>(
        &self,
        script: &'a Script,
        epoch: u64,
        at: u64,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        invocation.key(format!("{}:meta", self.prefix)).key(self.channel());
        for key in keys {
            for part in ["v", "l", "f"] {
                invocation.key(Name { prefix: &self.prefix, part, key });
            }
        }
        invocation.arg(&epoch.to_be_bytes()[..]).arg(at.max(self.clock.read()));
        invocation
    }

    /// A script that may announce.
    fn invoke_announcing<'a>(
        &self,
        script: &'a Script,
        epoch: u64,
        at: u64,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> ScriptInvocation<'a> {
        let mut invocation = self.invoke(script, epoch, at, keys);
        invocation.arg(format!("{:x}", self.node)).arg(self.stream_bound).arg(self.floor_ms);
        invocation
    }

    pub(crate) async fn send<T: FromRedisValue>(
        &self,
        invocation: ScriptInvocation<'_>,
    ) -> Result<T, LayerError> {
        invocation.invoke_async(&mut self.connection()?).await.map_err(away)
    }

    /// The values first and then the control key: stamps read later than the values judge them no more kindly.
    pub(super) async fn read_now(&self, epoch: u64, keys: &[Arc<str>]) -> Result<Found, LayerError> {
        let meta = format!("{}:meta", self.prefix);
        let mut pipeline = redis::pipe();
        let mget = pipeline.cmd("MGET");
        for key in keys {
            mget.arg(Name { prefix: &self.prefix, part: "v", key });
        }
        pipeline.cmd("HMGET").arg(&meta).arg(&["e", "c", "v"]);
        let mut connection = self.connection()?;
        let (bytes, (lives, clock, version)): (Vec<Option<Vec<u8>>>, Control) =
            pipeline.query_async(&mut connection).await.map_err(away)?;
        // A control key that is gone is another epoch too, and says nothing of Redis' health.
        let (Some(clock), Some(version)) = (clock, version) else { return Err(LayerError::Fenced) };
        if lives.as_deref() != Some(&epoch.to_be_bytes()[..]) {
            return Err(LayerError::Fenced);
        }
        if *self.known.lock() != (epoch, version) {
            let stamps: Value =
                redis::cmd("HGETALL").arg(&meta).query_async(&mut connection).await.map_err(away)?;
            self.learn(epoch, version, stamps)?;
        }
        Ok(Found { clock, bytes })
    }

    /// Merges the stamps, and only then claims to know them.
    fn learn(&self, epoch: u64, version: u64, stamps: Value) -> Result<(), LayerError> {
        self.stamps.merge(answer::stamps(stamps)?);
        *self.known.lock() = (epoch, version);
        Ok(())
    }
}

impl Keeper for Redis {
    fn connect(&self) -> BoxFuture<'_, Result<Subscription, LayerError>> {
        async move {
            let (link, pushes) = self.address.dial(&self.channel()).await?;
            self.link.lock().fresh = Some(link);
            Ok(pushes)
        }
        .boxed()
    }

    fn hello(&self, since: Since) -> BoxFuture<'_, Result<Tidings, LayerError>> {
        async move {
            let link = {
                let links = self.link.lock();
                links.fresh.clone().or_else(|| links.current.clone())
            };
            let mut link = link.ok_or_else(|| LayerError::Away("not connected".to_owned()))?;
            let mut invocation = self.invoke(&self.scripts.hello, fastrand::u64(1..), 0, []);
            invocation.arg(&link.run).arg(&since.epoch.to_be_bytes()[..]).arg(since.sequence);
            let value: Value = invocation.invoke_async(&mut link.connection).await.map_err(away)?;
            answer::tidings(value)
        }
        .boxed()
    }

    fn adopt(&self) {
        let mut links = self.link.lock();
        if let Some(fresh) = links.fresh.take() {
            links.current = Some(fresh);
        }
    }

    fn hang_up(&self) {
        *self.link.lock() = Links::default();
    }

    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, LayerError>> {
        async move {
            let mut command = redis::cmd("HMGET");
            command.arg(format!("{}:meta", self.prefix)).arg(&["e", "q", "c"]);
            answer::pulse(command.query_async(&mut self.connection()?).await.map_err(away)?)
        }
        .boxed()
    }

    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<Found, LayerError>> {
        async move {
            match (keys, self.own.upgrade()) {
                ([key], Some(own)) => self.gather.read(&own, epoch, key).await,
                _ => self.read_now(epoch, keys).await,
            }
        }
        .boxed()
    }

    fn claim<'a>(
        &'a self,
        epoch: u64,
        wanted: &'a [Wanted],
        give_up: bool,
    ) -> BoxFuture<'a, Result<Claims, LayerError>> {
        async move {
            let keys = wanted.iter().map(|wanted| &*wanted.key);
            let mut invocation = self.invoke(&self.scripts.claim, epoch, 0, keys);
            let (known_epoch, known) = *self.known.lock();
            // Stamps of another epoch are not known, whatever their version.
            let known = if known_epoch == epoch { known } else { 0 };
            invocation.arg(known).arg(u8::from(give_up)).arg(self.token_ms).arg(self.lease_ms);
            invocation.arg(&self.node.to_be_bytes()[..]);
            for wanted in wanted {
                let dead = wanted.dead.map(u64::to_be_bytes);
                invocation.arg(&fastrand::u64(1..).to_be_bytes()[..]);
                invocation.arg(dead.as_ref().map_or(&[][..], |born| &born[..]));
            }
            let mut answer: Answer = self.send(invocation).await?;
            let (clock, version): (u64, u64) = (answer.next()?, answer.next()?);
            if let Some(stamps) = answer.next::<Option<Value>>()? {
                self.learn(epoch, version, stamps)?;
            }
            let claims = answer.rest().map(answer::claim).collect::<Result<Vec<_>, _>>()?;
            if claims.len() != wanted.len() {
                return Err(LayerError::Away("the answer is too short".to_owned()));
            }
            Ok(Claims { clock, claims })
        }
        .boxed()
    }

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> BoxFuture<'a, Result<(), LayerError>> {
        async move {
            let mut invocation = self.invoke(&self.scripts.renew, epoch, 0, [key]);
            invocation.arg(&token.0[..]).arg(self.token_ms).arg(self.lease_ms);
            self.send(invocation).await
        }
        .boxed()
    }

    fn commit<'a>(
        &'a self,
        epoch: u64,
        items: &'a [(Item, Token)],
    ) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let now_ms = self.clock.wall_ms();
            let (items, dead): (Vec<_>, Vec<_>) = items
                .iter()
                .partition(|(item, _)| item.expires_ms > now_ms && item.bytes.len() >= STAMPED_TO);
            let keys = items.iter().map(|(item, _)| &*item.key);
            let mut invocation = self.invoke_announcing(&self.scripts.commit, epoch, 0, keys);
            for (item, token) in &items {
                invocation.arg(&token.0[..]).arg(item.version);
                invocation.arg(&item.bytes[..EPOCH_AT]).arg(&item.bytes[STAMPED_TO..]);
                invocation.arg(item.born).arg(item.expires_ms - now_ms);
            }
            Ok(self.send::<u64>(invocation).await? + dead.len() as u64)
        }
        .boxed()
    }

    fn store<'a>(
        &'a self,
        epoch: u64,
        at: u64,
        items: &'a [Item],
    ) -> BoxFuture<'a, Result<Stored, LayerError>> {
        async move {
            let now_ms = self.clock.wall_ms();
            let keys = items.iter().map(|item| &*item.key);
            let mut invocation = self.invoke_announcing(&self.scripts.store, epoch, at, keys);
            for item in items {
                invocation.arg(&*item.key).arg(item.version);
                invocation.arg(&item.bytes[..EPOCH_AT]).arg(&item.bytes[STAMPED_TO..]);
                invocation.arg(item.expires_ms.saturating_sub(now_ms).max(1));
            }
            let (clock, outdated) = self.send(invocation).await?;
            Ok(Stored { clock, outdated })
        }
        .boxed()
    }

    fn revoke<'a>(
        &'a self,
        epoch: u64,
        at: u64,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let invocation = match revocation {
                Revocation::Keys { keys, version } => {
                    let names = keys.iter().map(|key| &**key);
                    let mut revoke = self.invoke_announcing(&self.scripts.revoke, epoch, at, names);
                    revoke.arg(version).arg(keys.join("\n"));
                    revoke
                }
                Revocation::Stamp(target) => {
                    let mut stamp = self.invoke_announcing(&self.scripts.stamp, epoch, at, []);
                    stamp.arg(target.name()).arg(self.stamp_bound);
                    stamp
                }
            };
            self.send(invocation).await
        }
        .boxed()
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
