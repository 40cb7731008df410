use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join, join_all};

use super::bucket::Bucket;
use super::commands::Cluster;
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claim, Claims, Found, Keeper, Pulse, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::redis::answer::read;
use crate::layers::redis::client::away;
use crate::layers::redis::gather::{Gather, Reader};
use crate::layers::shared::{Item, LayerError, Prolonged};

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
        self.go_round();
    }

    fn hang_up(&self) {
        self.control.hang_up();
    }

    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, LayerError>> {
        self.go_round();
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

    fn prolong<'a>(&'a self, epoch: u64, prolonged: &'a Prolonged) -> BoxFuture<'a, Result<(), LayerError>> {
        async move {
            let bucket = self.buckets.at(self.buckets.of(&prolonged.key));
            let put = |own| self.calls.prolong(bucket.site(epoch, own, 0), prolonged);
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

/// Puts what came from the buckets in the order of the keys. A bucket that could not be asked has `instead`, unless none
/// could.
fn gathered<T: Clone>(
    keys: usize,
    dealt: Vec<(&Bucket, Vec<usize>)>,
    came: Vec<Result<Vec<T>, LayerError>>,
    instead: &T,
) -> Result<Vec<T>, LayerError> {
    if came.iter().all(Result::is_err)
        && let Some(Err(error)) = came.first()
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
