use std::sync::{Arc, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use redis::RedisError;

use super::answer::{self, Answer};
use super::calls::{Calls, Name};
use super::client::{Address, away};
use super::control::{Control, Head};
use super::gather::{Gather, Reader};
use super::scripts::Scripts;
use crate::clock::Clock;
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claims, Found, Keeper, Pulse, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::shared::{Item, LayerError};
use crate::options::RedisConfig;
use crate::stamps::Stamps;

/// One Redis server as the keeper, or the primary of a group under Sentinel.
#[derive(Debug)]
pub(crate) struct Single {
    /// For the tasks that outlive a caller.
    own: Weak<Self>,
    gather: Gather,
    address: Address,
    pub(super) control: Control,
}

impl Single {
    pub(super) fn new(
        prefix: String,
        config: &RedisConfig,
        node: u64,
        stamp_bound: usize,
        clock: &Arc<Clock>,
        stamps: &Arc<Stamps>,
    ) -> Result<Arc<Self>, RedisError> {
        let address = Address::new(&config.url, config)?;
        let calls = Calls::new(Scripts::beside_control(), config, node, stamp_bound, clock);
        let control = Control::new(prefix, address.database(), calls, clock, stamps);
        Ok(Arc::new_cyclic(|own| Self { own: own.clone(), gather: Gather::default(), address, control }))
    }
}

impl Reader for Single {
    fn gather(&self) -> &Gather {
        &self.gather
    }

    /// The values first and then the control key: stamps read later than the values judge them no more kindly.
    async fn read_now(&self, epoch: u64, keys: &[Arc<str>]) -> Result<Found, LayerError> {
        let mut pipeline = redis::pipe();
        let mget = pipeline.cmd("MGET");
        for key in keys {
            mget.arg(Name { prefix: &self.control.prefix, part: "v", key });
        }
        pipeline.add_command(self.control.question());
        let mut connection = self.control.connection()?;
        let (bytes, head): (Vec<Option<Vec<u8>>>, Head) =
            pipeline.query_async(&mut connection).await.map_err(away)?;
        let clock = self.control.take_in(epoch, head).await?;
        Ok(Found { clock, bytes })
    }
}

impl Keeper for Single {
    fn connect(&self) -> BoxFuture<'_, Result<Subscription, LayerError>> {
        async move {
            let (link, pushes) = self.address.dial(&self.control.channel).await?;
            self.control.connected(link);
            Ok(pushes)
        }
        .boxed()
    }

    fn hello(&self, since: Since) -> BoxFuture<'_, Result<Tidings, LayerError>> {
        self.address.held_to(self.control.place(), self.control.hello(since)).boxed()
    }

    fn adopt(&self) {
        self.control.adopt();
    }

    fn hang_up(&self) {
        self.control.hang_up();
    }

    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, LayerError>> {
        self.address.held_to(self.control.place(), self.control.pulse()).boxed()
    }

    fn may_be_deposed(&self) -> bool {
        self.address.is_watched()
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
            let control = &self.control;
            let wanted: Vec<&Wanted> = wanted.iter().collect();
            let known = control.known(epoch);
            let claim = control.calls.claim(control.site(epoch, 0), known, &wanted, give_up);
            let mut answer: Answer = control.send(claim).await?;
            let clock = control.take_front(epoch, &mut answer)?;
            Ok(Claims { clock, claims: answer::claims(answer, wanted.len())? })
        }
        .boxed()
    }

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> BoxFuture<'a, Result<(), LayerError>> {
        let control = &self.control;
        control.send(control.calls.renew(control.site(epoch, 0), key, token)).boxed()
    }

    fn commit<'a>(
        &'a self,
        epoch: u64,
        items: &'a [(Item, Token)],
    ) -> BoxFuture<'a, Result<u64, LayerError>> {
        async move {
            let control = &self.control;
            let worth: Vec<_> = items.iter().filter(|(item, _)| control.calls.worth(item)).collect();
            let commit = control.calls.commit(control.site(epoch, 0), &worth);
            Ok(control.send::<u64>(commit).await? + (items.len() - worth.len()) as u64)
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
            let items: Vec<&Item> = items.iter().collect();
            let store = self.control.calls.store(self.control.site(epoch, at), &items);
            let (clock, outdated) = self.control.send(store).await?;
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
            let (calls, site) = (&self.control.calls, self.control.site(epoch, at));
            let revoke = match revocation {
                Revocation::Keys { keys, version } => {
                    let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
                    calls.revoke(site, &keys, *version)
                }
                Revocation::Stamp(target) => calls.stamp(site, target),
            };
            self.control.send(revoke).await
        }
        .boxed()
    }
}
