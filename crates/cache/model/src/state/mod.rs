//! One state of the world: the database, what Redis holds, the nodes, and who is reading and writing.

mod database;
mod invalidation;
mod node;
mod reader;
mod redis;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

pub use database::Database;
pub use invalidation::{Invalidation, Sent, Stage as InvalidationStage};
pub use node::{Answer, Copied, Link, Node, Replay};
pub use reader::{Reader, Stage as ReaderStage};
pub use redis::{Announcement, Control, Held, Replica, Shard, Slot, Value};

/// Two nodes: what a third would do, one of the two can do after a crash.
pub const NODES: usize = 2;
/// Two keys, which share one stripe on every node.
pub const KEYS: usize = 2;
/// Two shards of a Cluster; a single Redis has one.
pub const SHARDS: usize = 2;
/// The shard of the control key: clock, stamps and stream.
pub const CONTROL: usize = 0;

/// What a value says of its age: the database's own count of commits, 1 for what was there before.
pub type Version = u8;
/// The clock of the namespace, which is also the announcements' sequence.
///
/// The product keeps two numbers in the control key: a clock that grows over all epochs, for `born` and stamps, and a
/// dense sequence for announcements. One number is as good here. Both move in the same scripts and nowhere else, so
/// within an epoch one is a strictly growing function of the other and every comparison comes out the same. Over epochs
/// nothing is compared that an epoch does not fence, and the one number here starts again from nothing when Redis does,
/// which is the harder case: a rule that leant on a clock over epochs would break here first.
pub type Clock = u8;
/// Names one life of what a shard holds; 0 is none.
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
    /// A tag or pattern, which covers all keys.
    Stamp,
}

impl Target {
    /// Whether the key is meant.
    pub fn covers(self, key: usize) -> bool {
        match self {
            Self::Key(own) => usize::from(own) == key,
            Self::Stamp => true,
        }
    }
}

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Where the truth is.
    pub database: Database,
    /// One of them, or two of a Cluster.
    pub shards: ArrayVec<Shard, SHARDS>,
    /// The processes that hold a cache.
    pub nodes: [Node; NODES],
    /// One for each reader of the scenario.
    pub readers: ArrayVec<Reader, 4>,
    /// One for each writer of the scenario, then, with an outbox, one for each writer's row.
    pub invalidations: ArrayVec<Invalidation, 4>,
    /// How many epochs were made, which names the next.
    pub epochs: Epoch,
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
    /// The shard with the control key.
    pub fn control(&self) -> &Held {
        &self.shards[CONTROL].held
    }

    /// A token that nobody holds, nor can find again. Tokens are only compared, so the least such one stands for all.
    pub(crate) fn fresh_token(&self) -> Token {
        let held = |held: &Held, token| held.slots.iter().any(|slot| slot.token == token);
        let known = |token: &Token| {
            self.readers.iter().any(|reader| reader.token == *token)
                || self.shards.iter().any(|shard| {
                    held(&shard.held, *token)
                        || shard.replica.held().is_some_and(|replica| held(replica, *token))
                })
        };
        (1..=Token::MAX).find(|token| !known(token)).expect("a dozen tokens at most are held")
    }
}
