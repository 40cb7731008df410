use super::nodes::Nodes;
use super::server::Redis;
use crate::StartError;
use ::redis::cmd;

/// Milliseconds in which a node must have taken over one batch of keys.
const MIGRATE_TIMEOUT: u64 = 5_000;
const BATCH: usize = 64;

/// A slot on its way from one node of a [`RedisCluster`](super::RedisCluster) to another.
///
/// Until [`finish`](Self::finish) its keys lie on both nodes: the old owner answers `ASK` for those that it no longer has.
/// Dropped before, it stays so.
#[derive(Debug)]
#[must_use = "a slot whose migration is not finished stays between two nodes"]
pub struct Migration<'a> {
    nodes: &'a Nodes,
    slot: u16,
    from: &'a Redis,
    to: &'a Redis,
}

impl<'a> Migration<'a> {
    pub(super) fn begin(nodes: &'a Nodes, slot: u16, to: &'a Redis) -> Result<Self, StartError> {
        let from = nodes.owner(slot)?;
        let (source, target) = (nodes.id(from), nodes.id(to));
        let () = to.ask(cmd("CLUSTER").arg("SETSLOT").arg(slot).arg("IMPORTING").arg(source))?;
        let () = from.ask(cmd("CLUSTER").arg("SETSLOT").arg(slot).arg("MIGRATING").arg(target))?;
        Ok(Self { nodes, slot, from, to })
    }

    /// The owner until the end.
    pub fn from(&self) -> &'a Redis {
        self.from
    }

    /// The owner after it.
    pub fn to(&self) -> &'a Redis {
        self.to
    }

    /// Moves at most so many keys, and tells how many it moved: fewer when no more are left.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] if one of the two nodes refuses or does not answer.
    pub fn move_keys(&self, most: usize) -> Result<usize, StartError> {
        let keys: Vec<Vec<u8>> =
            self.from.ask(cmd("CLUSTER").arg("GETKEYSINSLOT").arg(self.slot).arg(most))?;
        if !keys.is_empty() {
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(self.to.port()).arg("").arg(0).arg(MIGRATE_TIMEOUT);
            // `NOKEY`, which is what is left of keys that ended meanwhile, is no error to Redis either.
            let _answer: String = self.from.ask(migrate.arg("KEYS").arg(&keys))?;
        }
        Ok(keys.len())
    }

    /// Moves what is left, gives the slot to the new owner, and waits until every living node knows it.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] as above; [`StartError::Unsettled`] if a node has not learnt of it within 30 s.
    pub fn finish(self) -> Result<(), StartError> {
        while self.move_keys(BATCH)? > 0 {}
        let target = self.nodes.id(self.to);
        // The new owner first: were it the old one, a client would find the slot with neither for a moment.
        for node in [self.to, self.from] {
            let () = node.ask(cmd("CLUSTER").arg("SETSLOT").arg(self.slot).arg("NODE").arg(target))?;
        }
        self.nodes.agreed_on(self.slot, self.to)
    }
}
