use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{join, join_all};

use super::bucket::Bucket;
use super::commands::Cluster;
use crate::layers::backlog::Revocation;
use crate::layers::keeper::{
    Claim, Claims, Found, Keeper, Pulse, Since, Stored, Subscription, Tidings, Token, Wanted,
};
use crate::layers::redis::answer::read;
use crate::layers::redis::client::away;
use crate::layers::shared::{Item, LayerError, Prolonged, Reply};

impl Keeper for Cluster {
    fn connect(&self) -> Reply<'_, Subscription> {
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

    fn hello(&self, since: Since) -> Reply<'_, Tidings> {
        self.control.hello(since).boxed()
    }

    fn adopt(&self) {
        self.control.adopt();
        self.go_round();
    }

    fn hang_up(&self) {
        self.control.hang_up();
    }

    fn pulse(&self) -> Reply<'_, Pulse> {
        self.go_round();
        self.control.pulse().boxed()
    }

    /// The control key at the same time: whatever was acknowledged before the call is in both.
    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> Reply<'a, Found> {
        async move {
            let dealt = self.buckets.deal(keys.iter().map(|key| &**key));
            let reads = dealt.iter().map(|(bucket, places)| {
                let keys = places.iter().map(|at| &*keys[*at]).collect();
                self.read_bucket(bucket, epoch, keys)
            });
            let head = async {
                #[cfg(test)]
                let _turn = crate::hold::turn(crate::hold::Point::Clock).await?;
                let head = self.control.question().query_async(&mut self.control.connection()?).await;
                self.control.take_in(epoch, head.map_err(away)?).await
            };
            let (clock, came) = join(head, join_all(reads)).await;
            let clock = clock?;
            Ok(Found { clock, bytes: gathered(keys.len(), dealt, came, &None)?.into() })
        }
        .boxed()
    }

    fn claim<'a>(&'a self, epoch: u64, wanted: &'a [Wanted], give_up: bool) -> Reply<'a, Claims> {
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

    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> Reply<'a, ()> {
        async move {
            let bucket = self.buckets.at(self.buckets.of(key));
            let put = |own| self.calls.renew(bucket.site(epoch, own, 0), key, token);
            self.on_bucket(bucket, put).await.map(drop)
        }
        .boxed()
    }

    fn prolong<'a>(&'a self, epoch: u64, prolonged: &'a Prolonged) -> Reply<'a, ()> {
        async move {
            let bucket = self.buckets.at(self.buckets.of(&prolonged.key));
            let put = |own| self.calls.prolong(bucket.site(epoch, own, 0), prolonged);
            self.on_bucket(bucket, put).await.map(drop)
        }
        .boxed()
    }

    fn commit<'a>(&'a self, epoch: u64, items: &'a [(Item, Token)]) -> Reply<'a, u64> {
        async move {
            let worth = self.calls.worth(items);
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
    fn store<'a>(&'a self, epoch: u64, at: u64, items: &'a [Item]) -> Reply<'a, Stored> {
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
    fn revoke<'a>(&'a self, epoch: u64, at: u64, revocation: &'a Revocation) -> Reply<'a, u64> {
        async move {
            let (keys, version) = match revocation {
                Revocation::Keys { keys, version } => (keys, *version),
                Revocation::Stamp(target) => return self.control.stamp(epoch, at, target).await,
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
            self.tell(self.control.site(epoch, at), "k", version, &keys).await
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
