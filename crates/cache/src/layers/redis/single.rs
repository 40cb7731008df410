use std::sync::Arc;

use futures::FutureExt as _;
use redis::RedisError;

use super::answer::{self, Answer};
use super::calls::{Calls, mget};
use super::client::{Address, away};
use super::control::{Control, Head};
use super::scripts::Scripts;
use crate::clock::Clock;
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claims, Found, Keeper, Pulse, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::shared::{Item, Prolonged, Reply};
use crate::options::RedisConfig;
use crate::stamps::Stamps;

/// One Redis server as the keeper, or the primary of a group under Sentinel.
#[derive(Debug)]
pub(crate) struct Single {
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
        Ok(Arc::new(Self { address, control }))
    }
}

impl Keeper for Single {
    fn connect(&self) -> Reply<'_, Subscription> {
        async move {
            let (link, pushes) = self.address.dial(&self.control.channel).await?;
            self.control.connected(link);
            Ok(pushes)
        }
        .boxed()
    }

    fn hello(&self, since: Since) -> Reply<'_, Tidings> {
        self.address.held_to(self.control.place(), self.control.hello(since)).boxed()
    }

    fn adopt(&self) {
        self.control.adopt();
    }

    fn hang_up(&self) {
        self.control.hang_up();
    }

    fn pulse(&self) -> Reply<'_, Pulse> {
        self.address.held_to(self.control.place(), self.control.pulse()).boxed()
    }

    fn may_be_deposed(&self) -> bool {
        self.address.is_watched()
    }

    /// The values first and then the control key: stamps read later than the values judge them no more kindly.
    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> Reply<'a, Found> {
        async move {
            let mut pipeline = redis::Pipeline::with_capacity(2);
            pipeline.add_command(mget(&self.control.prefix, None, keys.iter().map(|key| &**key)));
            pipeline.add_command(self.control.question());
            let mut connection = self.control.connection()?;
            let (bytes, head): (Vec<Option<Vec<u8>>>, Head) =
                pipeline.query_async(&mut connection).await.map_err(away)?;
            let clock = self.control.take_in(epoch, head).await?;
            Ok(Found { clock, bytes: bytes.into() })
        }
        .boxed()
    }

    fn claim<'a>(&'a self, epoch: u64, wanted: &'a [Wanted], give_up: bool) -> Reply<'a, Claims> {
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

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> Reply<'a, ()> {
        let control = &self.control;
        control.send(control.calls.renew(control.site(epoch, 0), key, token)).boxed()
    }

    fn prolong<'a>(&'a self, epoch: u64, prolonged: &'a Prolonged) -> Reply<'a, ()> {
        let control = &self.control;
        control.send(control.calls.prolong(control.site(epoch, 0), prolonged)).boxed()
    }

    fn commit<'a>(&'a self, epoch: u64, items: &'a [(Item, Token)]) -> Reply<'a, u64> {
        async move {
            let control = &self.control;
            let worth = control.calls.worth(items);
            let commit = control.calls.commit(control.site(epoch, 0), &worth);
            Ok(control.send::<u64>(commit).await? + (items.len() - worth.len()) as u64)
        }
        .boxed()
    }

    fn store<'a>(&'a self, epoch: u64, at: u64, items: &'a [Item]) -> Reply<'a, Stored> {
        async move {
            let items: Vec<&Item> = items.iter().collect();
            let store = self.control.calls.store(self.control.site(epoch, at), &items);
            let (clock, outdated) = self.control.send(store).await?;
            Ok(Stored { clock, outdated })
        }
        .boxed()
    }

    fn revoke<'a>(&'a self, epoch: u64, at: u64, revocation: &'a Revocation) -> Reply<'a, u64> {
        async move {
            let control = &self.control;
            match revocation {
                Revocation::Keys { keys, version } => {
                    let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
                    control.send(control.calls.revoke(control.site(epoch, at), &keys, *version)).await
                }
                Revocation::Stamp(target) => control.stamp(epoch, at, target).await,
            }
        }
        .boxed()
    }
}
