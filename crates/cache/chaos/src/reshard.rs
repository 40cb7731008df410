use fastrand::Rng;
use mainstay_testkit::StartError;
use mainstay_testkit::redis::{Migration, Redis};

use crate::servers::Cluster;
use crate::tally::Tally;

/// Keys moved with one command.
const BATCH: usize = 10;

/// Slots move to other servers, and back.
#[derive(Debug)]
pub(crate) struct Reshard<'s> {
    cluster: &'s Cluster,
    former: Vec<(u16, &'s Redis)>,
    /// Between two servers until the end.
    half_way: Option<Migration<'s>>,
}

impl<'s> Reshard<'s> {
    pub(crate) fn begin(cluster: &'s Cluster, rng: &mut Rng, tally: &mut Tally) -> Result<Self, StartError> {
        let slots = cluster.slots(rng);
        let owners = slots.iter().map(|slot| cluster.redis.owner(*slot)).collect::<Result<Vec<_>, _>>()?;
        let mut reshard = Self { cluster, former: Vec::new(), half_way: None };
        let moving = rng.usize(2..6);
        let mut chosen: Vec<(u16, &Redis)> = slots.iter().copied().zip(owners.iter().copied()).collect();
        // Every other time the control key goes too, which all nodes feel.
        if rng.bool() {
            let control = cluster.control_slot();
            chosen.sort_by_key(|(slot, _)| *slot != control);
        }
        chosen.truncate(moving);
        rng.shuffle(&mut chosen);
        for (at, (slot, owner)) in chosen.iter().copied().enumerate() {
            let others: Vec<&Redis> =
                owners.iter().copied().filter(|other| other.port() != owner.port()).collect();
            let Some(to) = rng.choice(others) else { continue };
            let migration = cluster.redis.migrate(slot, to)?;
            reshard.former.push((slot, owner));
            if at + 1 == moving {
                tally.keys_moved += migration.move_keys(1)? as u64;
                reshard.half_way = Some(migration);
            } else {
                reshard.finish(slot, migration, tally)?;
            }
        }
        Ok(reshard)
    }

    /// Puts everything back.
    pub(crate) fn end(mut self, tally: &mut Tally) -> Result<(), StartError> {
        if let Some(migration) = self.half_way.take() {
            let slot = self.former.last().map_or(0, |(slot, _)| *slot);
            self.finish(slot, migration, tally)?;
        }
        for (slot, owner) in &self.former {
            let migration = self.cluster.redis.migrate(*slot, owner)?;
            self.finish(*slot, migration, tally)?;
        }
        Ok(())
    }

    fn finish(&self, slot: u16, migration: Migration<'_>, tally: &mut Tally) -> Result<(), StartError> {
        loop {
            match migration.move_keys(BATCH)? {
                0 => break,
                keys => tally.keys_moved += keys as u64,
            }
        }
        migration.finish()?;
        tally.slots_moved += 1;
        tally.control_moved += u64::from(slot == self.cluster.control_slot());
        Ok(())
    }
}
