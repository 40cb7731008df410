use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::future::join_all;
use parking_lot::Mutex;
use redis::{FromRedisValue, RedisError, ScriptInvocation, Value};
use tokio::task::JoinHandle;

use super::bucket::{Bucket, Buckets, translate};
use super::map::slot;
use super::route::{Call, Route, introduce};
use super::shards::Shards;
use crate::clock::Clock;
use crate::layers::keeper::{Claim, Wanted};
use crate::layers::redis::answer::{self, Answer, read};
use crate::layers::redis::calls::{Calls, Site, mget};
use crate::layers::redis::client::Address;
use crate::layers::redis::control::Control;
use crate::layers::redis::scripts::Scripts;
use crate::layers::shared::LayerError;
use crate::options::RedisConfig;
use crate::stamps::Stamps;

/// A Redis Cluster as the keeper.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// For the tasks that outlive a caller.
    own: Weak<Self>,
    prefix: String,
    pub(super) control: Control,
    /// The slot of the control key.
    pub(super) control_slot: u16,
    /// The scripts as they run in buckets.
    pub(super) calls: Calls,
    pub(super) buckets: Buckets,
    pub(super) shards: Arc<Shards>,
    /// For the whole way of one command.
    limit: Duration,
    round: Mutex<Option<JoinHandle<()>>>,
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
            prefix: prefix.to_owned(),
            control_slot: slot(&control_prefix),
            control: Control::new(control_prefix, 0, calls(Scripts::beside_control()), clock, stamps),
            calls: calls(Scripts::in_a_bucket()),
            buckets: Buckets::new(prefix, config.buckets),
            shards: Shards::new(&nodes, nodes[0].clone(), limit),
            limit,
            round: Mutex::default(),
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

    /// In the background: looks who owns what, and makes the acquaintance of buckets that have another owner.
    ///
    /// Were a bucket introduced only when it is needed, a shard could fail over and back without anybody having noticed, and
    /// its first owner, which copied the second by then and so forgot what that one never heard, would be taken at its word.
    pub(super) fn go_round(&self) {
        #[cfg(test)]
        if crate::hold::is_held() {
            return;
        }
        let Some(own) = self.own.upgrade() else { return };
        let mut round = self.round.lock();
        if round.as_ref().is_none_or(JoinHandle::is_finished) {
            *round = Some(tokio::spawn(async move {
                own.shards.look_again().await;
                // Who cannot be met now is met with the next round, or when it is needed.
                let _met = join_all(own.buckets.all().map(|bucket| own.meet(bucket))).await;
            }));
        }
    }

    pub(super) async fn meet(&self, bucket: &Bucket) -> Result<(), LayerError> {
        let mut route = Route::new(&self.shards, bucket.slot, self.limit);
        loop {
            let stop = route.stop().await?;
            if introduce(&mut route, &stop, bucket).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// Runs a script in a bucket; answers the bucket's epoch as well.
    pub(super) async fn on_bucket<'s>(
        &'s self,
        bucket: &Bucket,
        put: impl Fn(u64) -> ScriptInvocation<'s>,
    ) -> Result<(Value, u64), LayerError> {
        bucket.ask(self.run_in(bucket, put)).await
    }

    async fn run_in<'s>(
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

    pub(super) async fn read_bucket(
        &self,
        bucket: &Bucket,
        namespace: u64,
        keys: Vec<&str>,
    ) -> Result<Vec<Option<Vec<u8>>>, LayerError> {
        bucket.ask(self.read_in(bucket, namespace, keys)).await
    }

    async fn read_in(
        &self,
        bucket: &Bucket,
        namespace: u64,
        keys: Vec<&str>,
    ) -> Result<Vec<Option<Vec<u8>>>, LayerError> {
        let command = mget(&bucket.prefix, Some(&bucket.epoch_key()), keys.into_iter());
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

    pub(super) async fn claim_in(
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
    pub(super) async fn clock(&self, epoch: u64, at: u64) -> Result<u64, LayerError> {
        #[cfg(test)]
        let _turn = crate::hold::turn(crate::hold::Point::Clock).await?;
        let control = &self.control;
        let ask = control.calls.clock(control.site(epoch, at), control.known(epoch));
        let mut answer: Answer = control.send(ask).await?;
        control.take_front(epoch, &mut answer)
    }

    /// Announces keys that were made dead, or overwritten, in their buckets.
    pub(super) async fn tell(
        &self,
        site: Site<'_>,
        kind: &str,
        version: u64,
        keys: &[&str],
    ) -> Result<u64, LayerError> {
        #[cfg(test)]
        crate::hold::at(crate::hold::Point::Announce).await?;
        self.control.send(self.control.calls.tell(site, kind, version, keys)).await
    }
}
