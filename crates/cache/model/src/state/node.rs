use arrayvec::ArrayVec;

use super::{Announcement, CONTROL, Clock, Epoch, KEYS, Run, SHARDS, Target, Version};

/// One process with a cache: its memory, what it knows of the shared clock, and its connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Node {
    /// The memory layer.
    pub l1: [Option<Copied>; KEYS],
    /// The reader who leads the flight that newcomers may join.
    pub flights: [Option<u8>; KEYS],
    /// One for each shard.
    pub links: ArrayVec<Link, SHARDS>,
    /// May have missed an announcement: L1 is not asked.
    pub suspect: bool,
    /// The newest announcement up to which none is missing.
    pub last: Clock,
    /// The tag's stamp as known here.
    pub stamp: Clock,
    /// No older version is kept in L1.
    pub floors: [Version; KEYS],
    /// What a hello was answered with, not yet acted on.
    pub answer: Option<Answer>,
    /// Announcements received and not yet applied.
    pub inbox: ArrayVec<Announcement, 10>,
    /// Invalidations to issue again after a failover, by a rule that is not part of the protocol.
    pub recent: ArrayVec<(Target, Version), 4>,
    /// For the properties only: reads that begin now must see at least this, by the node's own invalidations.
    pub own: [Version; KEYS],
    /// For the properties only: the same by invalidations it has heard of.
    pub heard: [Version; KEYS],
}

/// A value in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Copied {
    /// Of the row it was made from.
    pub version: Version,
    /// The clock before its load began.
    pub born: Clock,
}

/// A node's connection to one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    /// Not known to be dead.
    pub connected: bool,
    /// The network between the two is down.
    pub cut: bool,
    /// The server it last said hello to.
    pub run: Run,
    /// The epoch it was told then.
    pub epoch: Epoch,
}

/// What hello answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Who answered.
    pub shard: u8,
    /// The server that did.
    pub run: Run,
    /// The epoch there.
    pub epoch: Epoch,
    /// Whether the node had said hello to another server before.
    pub new_run: bool,
    /// Whether it had known another epoch there.
    pub new_epoch: bool,
    /// Whether the recent invalidations were issued again.
    pub reissued: bool,
    /// What the control shard adds.
    pub replay: Replay,
}

/// The control shard's part of the answer: clock, stamps, and what the stream's tail says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replay {
    /// The stream does not tell all that was missed.
    pub lost: bool,
    /// Keys that the missed announcements name.
    pub keys: [bool; KEYS],
    /// The clock there.
    pub clock: Clock,
    /// The tag's stamp there.
    pub stamp: Clock,
    /// For the properties and floors: the newest version of each key invalidated.
    pub announced: [Version; KEYS],
}

impl Node {
    /// The epoch of the clock, as known here.
    pub fn clock_epoch(&self) -> Epoch {
        self.links[CONTROL].epoch
    }
}
