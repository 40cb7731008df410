use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use mainstay_testkit::StartError;
use mainstay_testkit::proxy::{Trouble, Way};

use crate::fault::Fault;
use crate::node::NODES;
use crate::servers::{Group, Order, Primary};
use crate::tally::Tally;
use crate::ways;

/// How long nodes may take to begin new epochs at a new primary.
const TO_MEET: Duration = Duration::from_secs(20);
/// A former primary takes its place back no sooner: `docs/coherence.md` promises nothing for a shorter reign.
pub(crate) const REIGN: Duration = Duration::from_secs(2);

/// A replica takes the primary's place. Where that one lives, or comes to life again, both call themselves primary for a while.
#[derive(Debug)]
pub(crate) struct Succession<'s> {
    group: &'s dyn Group,
    fault: Fault,
    old: Primary<'s>,
    order: Order,
    /// Comes to the new primary before the others do, where the old one lives.
    first: usize,
    /// Keeps the replica from what the primary writes.
    lag: Option<Trouble<'s>>,
}

impl<'s> Succession<'s> {
    pub(crate) fn begin(group: &'s dyn Group, fault: Fault, rng: &mut Rng) -> Result<Self, StartError> {
        let old = group.any_primary(rng)?;
        let order = match fault {
            Fault::TakeOver => *rng.choice(&[Order::Forced, Order::Unasked]).unwrap_or(&Order::Forced),
            _ => Order::Agreed,
        };
        let lags = match fault {
            Fault::Lag | Fault::TakeOver => true,
            // In a Cluster the replica waits for all there is.
            Fault::Failover => group.cluster().is_none() && rng.bool(),
            _ => false,
        };
        let lag = lags.then(|| group.proxy(old.server).that_sent("PSYNC").hold(Way::ToClient));
        match fault {
            Fault::Kill => old.server.kill(),
            Fault::Depose => old.server.pause(),
            _ => {}
        }
        Ok(Self { group, fault, old, order, first: rng.usize(..NODES), lag })
    }

    /// Waits until the place is taken, and the old primary follows; answers whether nodes have met the new one in time.
    pub(crate) fn end(self, tally: &mut Tally) -> Result<bool, StartError> {
        let Self { group, fault, old, order, first, lag } = self;
        tally.failovers += 1;
        let heir = match fault {
            Fault::Failover | Fault::TakeOver => {
                let heir = group.replica(old)?;
                note_loss(group, old, lag.as_ref().map(|_| heir), tally);
                group.order(old, order)?;
                ways::of(group.proxy(old.server), first).reset();
                // It has left its primary: what was held back for it is lost.
                end(lag);
                heir
            }
            _ => {
                if fault == Fault::Lag {
                    note_loss(group, old, Some(group.replica(old)?), tally);
                    old.server.kill();
                }
                let heir = group.successor(old)?;
                end(lag);
                match fault {
                    Fault::Depose => old.server.resume(),
                    _ => old.server.restart()?,
                }
                heir
            }
        };
        let (reachable, mut met) = (Instant::now(), false);
        while !met && reachable.elapsed() < TO_MEET {
            met = group.has_met_a_node(heir);
            thread::sleep(Duration::from_millis(10));
        }
        tally.slowest_meeting = tally.slowest_meeting.max(reachable.elapsed());
        group.follow(old.server)?;
        Ok(met)
    }
}

fn end(trouble: Option<Trouble<'_>>) {
    if let Some(trouble) = trouble {
        trouble.heal();
    }
}

fn note_loss(
    group: &dyn Group,
    old: Primary<'_>,
    lagging: Option<&mainstay_testkit::redis::Redis>,
    tally: &mut Tally,
) {
    let Some(replica) = lagging else { return };
    let (Some(had), Some(has)) = (group.offset(old.server), group.offset(replica)) else { return };
    let lost = had.saturating_sub(has);
    tally.lost_bytes += lost;
    tally.losses += u64::from(lost > 0);
}
