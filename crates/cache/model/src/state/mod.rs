//! One state of the world: the database, what Redis holds, the nodes, and who is reading and writing.

mod clocks;
mod database;
mod invalidation;
mod node;
mod reader;
mod redis;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

pub use database::Database;
pub use invalidation::{Invalidation, Sent, Stage as InvalidationStage};
pub use node::{Answer, Copied, Link, Met, Node, Replay};
pub use reader::{Reader, Stage as ReaderStage};
pub use redis::{Announcement, Bucket, Control, Held, Replica, Slot, Value};

/// Two nodes: what a third would do, one of the two can do after a crash.
pub const NODES: usize = 2;
/// Two keys, which share one stripe on every node.
pub const KEYS: usize = 2;
/// The bucket of the control key and, on a Cluster, one for each key.
pub const BUCKETS: usize = 1 + KEYS;
/// Two servers of a Cluster.
pub const SERVERS: usize = 2;
/// The bucket of the control key: clock, stamps and stream. A single Redis has no other.
pub const CONTROL: usize = 0;

/// What a value says of its age: the database's own count of commits, 1 for what was there before.
pub type Version = u8;
/// A reading of the namespace's clock: for `born` and stamps.
pub type Clock = u8;
/// The number of an announcement: dense, so that a gap shows.
pub type Sequence = u8;
/// Names one life of what a bucket holds; 0 is none.
pub type Epoch = u8;
/// The run id of a server: another process, or another primary, has another.
pub type Run = u8;
/// The right to commit; 0 is none.
pub type Token = u8;

/// What an invalidation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One key.
    Key(u8),
    /// All keys, each by its name.
    Keys,
    /// A tag or pattern, which covers all keys.
    Stamp,
}

impl Target {
    /// Whether the key is meant.
    pub fn covers(self, key: usize) -> bool {
        match self {
            Self::Key(own) => usize::from(own) == key,
            Self::Keys | Self::Stamp => true,
        }
    }

    /// Whether the key is named, so that its slot is told.
    pub fn names(self, key: usize) -> bool {
        self != Self::Stamp && self.covers(key)
    }
}

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Where the truth is.
    pub database: Database,
    /// One of them, or two of a Cluster: the run of each.
    pub servers: ArrayVec<Run, SERVERS>,
    /// What Redis holds, in parts that have an epoch each.
    pub buckets: ArrayVec<Bucket, BUCKETS>,
    /// The processes that hold a cache.
    pub nodes: [Node; NODES],
    /// One for each reader of the scenario.
    pub readers: ArrayVec<Reader, 4>,
    /// One for each writer of the scenario, then, with an outbox, one for each writer's row.
    pub invalidations: ArrayVec<Invalidation, 4>,
    /// How many epochs were made, which names the next.
    pub epochs: Epoch,
    /// How many servers there were, which names the next one's run.
    pub runs: Run,
    /// How many faults may still happen.
    pub faults_left: u8,
    /// The newest version of each key whose invalidation was answered `Applied`.
    pub applied: [Version; KEYS],
    /// Promises broken by a step, kept where the end state alone does not show it.
    pub broken: Broken,
}

/// Which promises a step has broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken {
    /// P1: a read saw less than its own node had invalidated before it began.
    pub own: bool,
    /// P2: a read saw less than its node had heard of before it began.
    pub peer: bool,
    /// P3: a fill begun before an invalidation was stored after it.
    pub fill: bool,
}

impl State {
    /// What lies with the control key.
    pub fn control(&self) -> &Held {
        &self.buckets[CONTROL].held
    }

    /// The run of the server that has a bucket now.
    pub fn run(&self, bucket: usize) -> Run {
        self.servers[usize::from(self.buckets[bucket].server)]
    }

    /// A token that nobody holds, nor can find again. Tokens are only compared, so the least such one stands for all.
    pub(crate) fn fresh_token(&self) -> Token {
        let held = |held: &Held, token| held.slots.iter().any(|slot| slot.token == token);
        let known = |token: &Token| {
            self.readers.iter().any(|reader| reader.token == *token)
                || self.buckets.iter().any(|bucket| {
                    held(&bucket.held, *token)
                        || bucket.replica.held().is_some_and(|replica| held(replica, *token))
                })
        };
        (1..=Token::MAX).find(|token| !known(token)).expect("a dozen tokens at most are held")
    }
}
