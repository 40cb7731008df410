use arrayvec::ArrayVec;

use super::{Announcement, BUCKETS, CONTROL, Clock, Epoch, KEYS, Run, SERVERS, Sequence, Target, Version};

/// One process with a cache: its memory, what it knows of the shared clock, and its connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Node {
    /// The memory layer.
    pub l1: [Option<Copied>; KEYS],
    /// The reader who leads the flight that newcomers may join.
    pub flights: [Option<u8>; KEYS],
    /// What it knows of each bucket.
    pub links: ArrayVec<Link, BUCKETS>,
    /// The connection that carries the announcements is not known to be dead.
    pub connected: bool,
    /// The network between it and a server is down.
    pub cut: [bool; SERVERS],
    /// May have missed an announcement: L1 is not asked.
    pub suspect: bool,
    /// The newest announcement up to which none is missing.
    pub last: Sequence,
    /// The tag's stamp as known here.
    pub stamp: Clock,
    /// Its own clock; 0 where only Redis moves one.
    pub clock: Clock,
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

/// How a node knows a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    /// The server it last said hello to there.
    pub run: Run,
    /// The epoch it was told then.
    pub epoch: Epoch,
    /// What a hello to a bucket without the control key was answered with, not yet acted on.
    pub met: Option<Met>,
}

/// What a bucket without the control key answers to hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Met {
    /// Who answered.
    pub run: Run,
    /// The epoch there.
    pub epoch: Epoch,
}

/// What hello was answered with where the control key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The server that answered.
    pub run: Run,
    /// The epoch there.
    pub epoch: Epoch,
    /// Whether it was the first word over a new connection.
    pub anew: bool,
    /// Whether the node had said hello to another server before.
    pub new_run: bool,
    /// Whether it had known another epoch there.
    pub new_epoch: bool,
    /// Whether the recent invalidations were issued again.
    pub reissued: bool,
    /// Clock, stamps, and what the stream's tail says.
    pub replay: Replay,
}

/// What hello tells a node that knows all up to its `last`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replay {
    /// The stream does not tell all that was missed.
    pub lost: bool,
    /// Keys that the missed announcements name.
    pub keys: [bool; KEYS],
    /// The least clock of a missed stamp of another node; 0 if there is none.
    pub others_stamp: Clock,
    /// The clock there.
    pub clock: Clock,
    /// The number of the newest announcement.
    pub count: Sequence,
    /// The tag's stamp there.
    pub stamp: Clock,
    /// The least version of each key that the missed announcements name.
    pub floors: [Version; KEYS],
    /// For the properties only: the newest version of each key invalidated.
    pub announced: [Version; KEYS],
    /// For the properties only: the newest by another node that the stream still tells of.
    pub others: [Version; KEYS],
}

impl Node {
    /// The epoch of the clock, as known here.
    pub fn clock_epoch(&self) -> Epoch {
        self.links[CONTROL].epoch
    }
}
