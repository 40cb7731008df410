use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join, join_all};
use redis::{FromRedisValue, RedisError, ScriptInvocation, Value};

use super::bucket::{Bucket, Buckets, translate};
use super::map::slot;
use super::route::{Call, Route, introduce};
use super::shards::Shards;
use crate::clock::Clock;
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claim, Claims, Found, Keeper, Pulse, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::redis::answer::{self, Answer, read};
use crate::layers::redis::calls::{Calls, Name, Site};
use crate::layers::redis::client::{Address, away};
use crate::layers::redis::control::Control;
use crate::layers::redis::gather::{Gather, Reader};
use crate::layers::redis::scripts::Scripts;
use crate::layers::shared::{Item, LayerError};
use crate::options::RedisConfig;
use crate::stamps::Stamps;

/// A Redis Cluster as the keeper.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// For the tasks that outlive a caller.
    own: Weak<Self>,
    gather: Gather,
    prefix: String,
    control: Control,
    /// The slot of the control key.
    control_slot: u16,
    /// The scripts as they run in buckets.
    calls: Calls,
    buckets: Buckets,
    shards: Arc<Shards>,
    /// For one sending.
    limit: Duration,
}

impl Cluster {
    pub(crate) fn new(
        prefix: &str,
        config: &RedisConfig,
        node: u64,
        stamp_bound: usize,
        clock: &Arc<Clock>,
        stamps: &Arc<Stamps>,
    ) -> Result<Arc<Self>, RedisError> {
        let nodes = config.cluster.iter().map(|url| Address::new(url, config));
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        let calls = |scripts| Calls::new(scripts, config, node, stamp_bound, clock);
        let control_prefix = format!("{{{prefix}}}");
        // Shorter than the wait for the whole command, so that a silent node is found out by whoever waits for it.
        let limit = config.command_timeout * 3 / 4;
        Ok(Arc::new_cyclic(|own| Self {
            own: own.clone(),
            gather: Gather::default(),
            prefix: prefix.to_owned(),
            control_slot: slot(&control_prefix),
            control: Control::new(control_prefix, 0, calls(Scripts::beside_control()), clock, stamps),
            calls: calls(Scripts::in_a_bucket()),
            buckets: Buckets::new(prefix, config.buckets),
            shards: Shards::new(&nodes, nodes[0].clone(), limit),
            limit,
        }))
    }

    /// All parts of one name lie in one slot.
    pub(crate) fn own_key(&self, part: &str, name: &str) -> String {
        format!("{{{}:{name}}}:{part}", self.prefix)
    }

    /// Runs a script that belongs to no bucket. It is not sent again where it may have run.
    pub(crate) async fn send<T: FromRedisValue>(
        &self,
        key: &str,
        invocation: ScriptInvocation<'_>,
    ) -> Result<T, LayerError> {
        let mut route = Route::new(&self.shards, slot(key), self.limit).sent_once();
        loop {
            let stop = route.stop().await?;
            if let Some(value) = route.send(&stop, Call::Script(&invocation)).await? {
                return read(value);
            }
        }
    }

    /// Runs a script in a bucket; answers the bucket's epoch as well.
    async fn on_bucket<'s>(
        &'s self,
        bucket: &Bucket,
        put: impl Fn(u64) -> ScriptInvocation<'s>,
    ) -> Result<(Value, u64), LayerError> {
        let mut route = Route::new(&self.shards, bucket.slot, self.limit);
        loop {
            let stop = route.stop().await?;
            let Some(epoch) = introduce(&mut route, &stop, bucket).await? else { continue };
            let invocation = put(epoch);
            match route.send(&stop, Call::Script(&invocation)).await {
                Ok(Some(value)) => return Ok((value, epoch)),
                Ok(None) => {}
                Err(LayerError::Fenced) => {
                    bucket.outlived(epoch);
                    route.count(LayerError::Fenced)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn read_bucket(
        &self,
        bucket: &Bucket,
        namespace: u64,
        keys: Vec<&str>,
    ) -> Result<Vec<Option<Vec<u8>>>, LayerError> {
        let mut command = redis::cmd("MGET");
        command.arg(bucket.epoch_key());
        for key in keys {
            command.arg(Name { prefix: &bucket.prefix, part: "v", key });
        }
        let mut route = Route::new(&self.shards, bucket.slot, self.limit);
        loop {
            let stop = route.stop().await?;
            let Some(epoch) = introduce(&mut route, &stop, bucket).await? else { continue };
            let Some(value) = route.send(&stop, Call::Command(&command)).await? else { continue };
            let mut values = read::<Vec<Option<Vec<u8>>>>(value)?.into_iter();
            let lives = values.next().flatten();
            if lives.as_ref().and_then(|lives| lives.first_chunk()) == Some(&epoch.to_be_bytes()) {
                let translated = |bytes: &mut Vec<u8>| translate(bytes, namespace, epoch);
                return Ok(values.map(|mut bytes| bytes.as_mut().map(translated).and(bytes)).collect());
            }
            bucket.outlived(epoch);
            route.count(LayerError::Away("a bucket's epoch changes all the time".to_owned()))?;
        }
    }

    async fn claim_in(
        &self,
        bucket: &Bucket,
        namespace: u64,
        wanted: &[&Wanted],
        give_up: bool,
    ) -> Result<Vec<(Claim, u64)>, LayerError> {
        let put = |epoch| self.calls.claim(bucket.site(namespace, epoch, 0), 0, wanted, give_up);
        let (value, epoch) = self.on_bucket(bucket, put).await?;
        let mut answer: Answer = read(value)?;
        Control::skip_front(&mut answer)?;
        let mut claims = answer::claims(answer, wanted.len())?;
        for (claim, _) in &mut claims {
            if let Claim::Found(bytes) = claim {
                translate(bytes, namespace, epoch);
            }
        }
        Ok(claims)
    }

    /// The clock, not behind this node's, after the stamps were made known.
    async fn clock(&self, epoch: u64, at: u64) -> Result<u64, LayerError> {
        let control = &self.control;
        let ask = control.calls.clock(control.site(epoch, at), control.known(epoch));
        let mut answer: Answer = control.send(ask).await?;
        control.take_front(epoch, &mut answer)
    }

    /// Announces keys that were made dead, or overwritten, in their buckets.
    async fn tell(
        &self,
        site: Site<'_>,
        kind: &str,
        version: u64,
        keys: &[&str],
    ) -> Result<u64, LayerError> {
        self.control.send(self.control.calls.tell(site, kind, version, keys)).await
    }
}

/// Puts what came from the buckets in the order of the keys. A bucket that could not be asked has `instead`, unless none
/// could.
fn gathered<T: Clone>(
    keys: usize,
    dealt: Vec<(&Bucket, Vec<usize>)>,
    came: Vec<Result<Vec<T>, LayerError>>,
    instead: &T,
) -> Result<Vec<T>, LayerError> {
    if came.iter().all(Result::is_err)
        && let Some(Err(error)) = came.iter().next()
    {
        return Err(error.clone());
    }
    let mut all = vec![instead.clone(); keys];
    for ((_, places), came) in dealt.into_iter().zip(came) {
        for (at, one) in places.into_iter().zip(came.into_iter().flatten()) {
            all[at] = one;
        }
    }
    Ok(all)
}

impl Reader for Cluster {
    fn gather(&self) -> &Gather {
        &self.gather
    }

    /// The control key at the same time: whatever was acknowledged before the call is in both.
    async fn read_now(&self, epoch: u64, keys: &[Arc<str>]) -> Result<Found, LayerError> {
        let dealt = self.buckets.deal(keys.iter().map(|key| &**key));
        let reads = dealt.iter().map(|(bucket, places)| {
            let keys = places.iter().map(|at| &*keys[*at]).collect();
            self.read_bucket(bucket, epoch, keys)
        });
        let head = async {
            let head = self.control.question().query_async(&mut self.control.connection()?).await;
            self.control.take_in(epoch, head.map_err(away)?).await
        };
        let (clock, came) = join(head, join_all(reads)).await;
        let clock = clock?;
        Ok(Found { clock, bytes: gathered(keys.len(), dealt, came, &None)? })
    }
}

impl Keeper for Cluster {
    fn connect(&self) -> BoxFuture<'_, Result<Subscription, LayerError>> {
        async move {
            // A session ends where the control key's slot went elsewhere, among other reasons.
            self.shards.look_again().await;
            let place = self.shards.owner(self.control_slot).await?;
            let (link, pushes) = self.shards.address(&place).dial(&self.control.channel).await?;
            self.control.connected(link);
            Ok(pushes)
        }
        .boxed()
    }

    fn hello(&self, since: Since) -> BoxFuture<'_, Result<Tidings, LayerError>> {
        self.control.hello(since).boxed()
    }

    fn adopt(&self) {
        self.control.adopt();
    }

    fn hang_up(&self) {
        self.control.hang_up();
    }

    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, LayerError>> {
        self.control.pulse().boxed()
    }

    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<Found, LayerError>> {
        async move {
            match (keys, self.own.upgrade()) {
                ([key], Some(own)) => Gather::read(&own, epoch, key).await,
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
            let dealt = self.buckets.deal(wanted.iter().map(|wanted| &*wanted.key));
            let claims = dealt.iter().map(|(bucket, places)| async move {
                let wanted: Vec<&Wanted> = places.iter().map(|at| &wanted[*at]).collect();
                self.claim_in(bucket, epoch, &wanted, give_up).await
            });
            let (clock, came) = join(self.clock(epoch, 0), join_all(claims)).await;
            // Tokens are never 0: this one commits nothing.
            let instead = (Claim::Granted(Token([0; 8])), 0);
            let claims = gathered(wanted.len(), dealt, came, &instead)?;
            Ok(Claims { clock: clock?, claims })
        }
        .boxed()
    }

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> BoxFuture<'a, Result<(), LayerError>> {
        async move {
            let bucket = self.buckets.at(self.buckets.of(key));
            let put = |own| self.calls.renew(bucket.site(epoch, own, 0), key, token);
            self.on_bucket(bucket, put).await.map(drop)
        }
        .boxed()
    }

    fn commit<'a>(
        &'a self,
        epoch: u64,
        items: &'a [(Item, Token)],
    ) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let worth: Vec<_> = items.iter().filter(|(item, _)| self.calls.worth(item)).collect();
            let dealt = self.buckets.deal(worth.iter().map(|(item, _)| &*item.key));
            let commits = dealt.iter().map(|(bucket, places)| {
                let items: Vec<_> = places.iter().map(|at| worth[*at]).collect();
                async move {
                    let put = |own| self.calls.commit(bucket.site(epoch, own, 0), &items);
                    read::<u64>(self.on_bucket(bucket, put).await?.0)
                }
            });
            let came = join_all(commits).await;
            let mut refused = (items.len() - worth.len()) as u64;
            for ((_, places), came) in dealt.iter().zip(&came) {
                // What could not be sent is refused like what came too late.
                refused += came.as_ref().map_or(places.len() as u64, |refused| *refused);
            }
            match came.into_iter().find_map(Result::err) {
                Some(error) if refused == items.len() as u64 => Err(error),
                _ => Ok(refused),
            }
        }
        .boxed()
    }

    /// The clock first, which is when these values are born; then the buckets; and when all have them, the announcement.
    fn store<'a>(
        &'a self,
        epoch: u64,
        at: u64,
        items: &'a [Item],
    ) -> BoxFuture<'a, Result<Stored, LayerError>> {
        async move {
            let clock = self.clock(epoch, at).await?;
            let dealt = self.buckets.deal(items.iter().map(|item| &*item.key));
            let stores = dealt.iter().map(|(bucket, places)| {
                let items: Vec<&Item> = places.iter().map(|at| &items[*at]).collect();
                async move {
                    let put = |own| self.calls.store(bucket.site(epoch, own, clock), &items);
                    let (_, outdated): (u64, Vec<usize>) = read(self.on_bucket(bucket, put).await?.0)?;
                    Ok(outdated.into_iter().filter_map(|at| places.get(at).copied()).collect::<Vec<_>>())
                }
            });
            let mut outdated = Vec::new();
            for came in join_all(stores).await {
                outdated.extend(came?);
            }
            let kept = items.iter().enumerate().filter(|(at, _)| !outdated.contains(at));
            let kept: Vec<&str> = kept.map(|(_, item)| &*item.key).collect();
            if !kept.is_empty() {
                self.tell(self.control.site(epoch, at), "s", 0, &kept).await?;
            }
            Ok(Stored { clock, outdated })
        }
        .boxed()
    }

    /// The buckets first, all of them, and then clock and announcement: in the other order a peer that heard of it could
    /// still read the old value.
    fn revoke<'a>(
        &'a self,
        epoch: u64,
        at: u64,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let control = &self.control;
            let (keys, version) = match revocation {
                Revocation::Keys { keys, version } => (keys, *version),
                Revocation::Stamp(target) => {
                    return control.send(control.calls.stamp(control.site(epoch, at), target)).await;
                }
            };
            let dealt = self.buckets.deal(keys.iter().map(|key| &**key));
            let revokes = dealt.iter().map(|(bucket, places)| {
                let keys: Vec<&str> = places.iter().map(|at| &*keys[*at]).collect();
                async move {
                    let put = |own| self.calls.revoke(bucket.site(epoch, own, 0), &keys, version);
                    self.on_bucket(bucket, put).await
                }
            });
            for came in join_all(revokes).await {
                came?;
            }
            let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
            self.tell(control.site(epoch, at), "k", version, &keys).await
        }
        .boxed()
    }
}
