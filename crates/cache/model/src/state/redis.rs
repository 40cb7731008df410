use arrayvec::ArrayVec;

use super::{Clock, Epoch, KEYS, Run, Sequence, Target, Token, Version};

/// What has an epoch of its own and is lost together: the one Redis, or a part of a Cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Who has it.
    pub server: u8,
    /// Its keys.
    pub held: Held,
    /// What a failover would put in their place.
    pub replica: Replica,
}

/// What lives in Redis and may be lost with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Held {
    /// Every script carries it; 0 if it was lost.
    pub epoch: Epoch,
    /// The run id that the epoch was made for.
    pub run: Run,
    /// The keys' slots, used in the bucket where a key is at home.
    pub slots: [Slot; KEYS],
    /// Clock, stamps and stream, used in the bucket of the control key.
    pub control: Control,
}

/// Value, token and floor of one key, which lie in one slot of a Cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slot {
    /// `{k}`.
    pub value: Option<Value>,
    /// `{k}:l`.
    pub token: Token,
    /// Where tokens are fenced: the clock's epoch and the bucket's in which this one was granted.
    pub granted: (Epoch, Epoch),
    /// `{k}:f`: no older version is stored.
    pub floor: Version,
}

/// A value with its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// Of the row it was made from.
    pub version: Version,
    /// The clock before its load began.
    pub born: Clock,
    /// The epoch of its own bucket when the load began.
    pub epoch: Epoch,
    /// The epoch that `born` is a time of: the control key's. Without a Cluster the two are one.
    pub clock_epoch: Epoch,
}

/// What the one control key and the stream hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Control {
    /// Moves with every invalidation.
    pub clock: Clock,
    /// The number of the newest announcement.
    pub count: Sequence,
    /// The clock at the newest invalidation of the tag.
    pub stamp: Clock,
    /// `ns:inv`, oldest first.
    pub stream: ArrayVec<Announcement, 10>,
    /// For the properties only: the newest version of each key invalidated in this life of the control key.
    pub announced: [Version; KEYS],
}

/// An invalidation as the others hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Announcement {
    /// Its number.
    pub sequence: Sequence,
    /// The clock after it.
    pub clock: Clock,
    /// The control key's.
    pub epoch: Epoch,
    /// What it is about.
    pub target: Target,
    /// The version that made it necessary.
    pub version: Version,
    /// The least version that floors rise to; 0 where it says none.
    pub floor: Version,
    /// Whose it is.
    pub node: u8,
}

/// A replica that takes over after it stopped following.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Replica {
    /// No failover is ahead.
    #[default]
    Absent,
    /// Holds the beginning; may catch up once more, to any one moment.
    Beginning(Box<Held>),
    /// Stopped following: whatever came later is lost at the failover.
    Stopped(Box<Held>),
}

impl Replica {
    /// What it holds.
    pub fn held(&self) -> Option<&Held> {
        match self {
            Self::Absent => None,
            Self::Beginning(held) | Self::Stopped(held) => Some(held),
        }
    }

    pub(super) fn held_mut(&mut self) -> Option<&mut Held> {
        match self {
            Self::Absent => None,
            Self::Beginning(held) | Self::Stopped(held) => Some(held),
        }
    }
}
