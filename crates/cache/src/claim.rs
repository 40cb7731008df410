//! Step 5, second half: one load a key in the fleet. Who is granted the claim loads; who is not waits for the value, and
//! takes over when the holder's lease has run out, or loads as well when its own patience has.

use std::sync::Arc;
use std::time::Duration;

use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use crate::descend::Below;
use crate::inner::Inner;
use crate::layers::keeper::{Claim, Token, Wanted};
use crate::layers::l2::L2;

pub(crate) const FIRST_LOOK: Duration = Duration::from_millis(2);
const LONGEST_LOOK: Duration = Duration::from_millis(50);

/// The rights to commit that a descent brought back, one a key.
pub(crate) struct Tickets(SmallVec<[Option<Ticket>; 1]>);

/// A flight commits only in the epoch it began in, with the token it was granted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) epoch: u64,
    pub(crate) token: Token,
    /// The least version of the source that is true: a loader that sees less must ask elsewhere.
    pub(crate) least_version: u64,
}

impl Tickets {
    pub(crate) fn none(keys: usize) -> Self {
        Self(smallvec![None; keys])
    }

    pub(crate) fn of(&self, at: usize) -> Option<Ticket> {
        self.0.get(at).copied().flatten()
    }
}

impl Inner {
    /// Claims what is wanted, each with its place among the keys asked for; answers what others loaded meanwhile. A keeper
    /// that goes away ends it: what was not granted is loaded without the right to commit.
    pub(crate) async fn claim(
        &self,
        l2: &L2,
        mut wanted: Vec<(usize, Wanted)>,
        below: &mut Below,
    ) -> Vec<(usize, Arc<str>, Vec<u8>)> {
        let give_up_at = Instant::now() + l2.config.patience;
        let (mut look, mut came) = (FIRST_LOOK, Vec::new());
        loop {
            let asked: Vec<Wanted> = wanted.iter().map(|(_, wanted)| wanted.clone()).collect();
            let give_up = Instant::now() >= give_up_at;
            let Ok((claims, epoch)) = l2.claim(&asked, give_up).await else { return came };
            self.clock.observe(claims.clock);
            let (mut held, mut lease) = (Vec::new(), LONGEST_LOOK);
            for ((at, wanted), (claim, least_version)) in wanted.into_iter().zip(claims.claims) {
                match claim {
                    Claim::Found(bytes) => came.push((at, wanted.key, bytes)),
                    Claim::Granted(token) => {
                        below.tickets.0[at] = Some(Ticket { epoch, token, least_version });
                    }
                    Claim::Held(left) => {
                        lease = lease.min(left);
                        held.push((at, wanted));
                    }
                }
            }
            if held.is_empty() {
                // The last clock stands for all: nothing is loaded before this returns.
                below.born = claims.clock;
                return came;
            }
            wanted = held;
            // A holder that died is found out when its lease ends, and not a full look later.
            let wait = look.mul_f64(0.75 + fastrand::f64() / 2.0).min(lease + FIRST_LOOK);
            tokio::time::sleep_until((Instant::now() + wait).min(give_up_at)).await;
            look = (look * 2).min(LONGEST_LOOK);
        }
    }

    /// Runs a load and prolongs its leases meanwhile, so that a lease may be short and a dead holder's ends soon.
    pub(crate) async fn holding<T>(
        &self,
        claims: &[(&str, Option<Ticket>)],
        load: impl Future<Output = T>,
    ) -> T {
        let Some(l2) = self.l2.as_ref().filter(|_| claims.iter().any(|(_, ticket)| ticket.is_some())) else {
            return load.await;
        };
        let renew = async {
            loop {
                tokio::time::sleep(l2.config.lease / 3).await;
                for (key, ticket) in claims {
                    if let Some(ticket) = ticket {
                        l2.renew(ticket.epoch, key, ticket.token).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            loaded = load => loaded,
            never = renew => never,
        }
    }
}
