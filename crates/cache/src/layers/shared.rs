use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::backlog::Revocation;

/// What a shared layer answers, when it does.
pub(crate) type Reply<'a, T> = BoxFuture<'a, Result<T, LayerError>>;

/// The durable layer below the keeper: SQL.
///
/// It compares `born`s and never reads values. Whatever it answers, it first made known the stamps it knows (they are merged
/// into the process's table before `read` returns), so values are judged by stamps at least as new as they are.
pub(crate) trait Shared: Send + Sync + fmt::Debug {
    /// One slot a key, in order.
    fn read<'a>(&'a self, keys: &'a [Arc<str>]) -> Reply<'a, Vec<Slot>>;

    /// Keeps what was loaded, each item only if nothing newer was said about its key; answers how many it refused.
    fn fill<'a>(&'a self, items: &'a [Item]) -> Reply<'a, u64>;

    /// Keeps what lies there for longer, if it is the value that is meant.
    fn prolong<'a>(&'a self, prolonged: &'a Prolonged) -> Reply<'a, ()>;

    /// Makes keys, or all that a stamp speaks of, dead, and refuses what was born before.
    fn revoke<'a>(&'a self, at: u64, revocation: &'a Revocation) -> Reply<'a, ()>;

    /// Reclaims what is expired or dead, and what is beyond the layer's bound; answers how much was beyond it.
    fn sweep(&self) -> Reply<'_, u64> {
        Box::pin(async { Ok(0) })
    }

    /// Statements sent so far.
    fn statements(&self) -> u64 {
        0
    }
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Slot {
    pub(crate) bytes: Option<Vec<u8>>,
    /// Nothing born before this may be believed for this key, wherever it lies.
    pub(crate) floor: u64,
}

/// A value on its way into shared layers.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) key: Arc<str>,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) born: u64,
    /// The source's version, 0 for none.
    pub(crate) version: u64,
    pub(crate) expires_ms: u64,
    /// Time without a read after which it is to be forgotten.
    pub(crate) idle: Option<Duration>,
}

/// A value that lies in a layer and is still read.
#[derive(Debug, Clone)]
pub(crate) struct Prolonged {
    pub(crate) key: Arc<str>,
    /// Which value of the key: another that took its place is left as it is.
    pub(crate) born: u64,
    pub(crate) created_ms: u64,
    pub(crate) expires_ms: u64,
}

/// A layer's failure. Never shown to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LayerError {
    /// The keeper lives in another epoch than this node.
    Fenced,
    /// It was away, slow, or said something unheard of.
    Away(String),
}

impl fmt::Display for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fenced => f.write_str("it lives in another epoch"),
            Self::Away(reason) => f.write_str(reason),
        }
    }
}
