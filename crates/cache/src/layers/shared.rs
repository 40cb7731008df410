use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::stamps::Target;

/// A layer below memory, which other processes may share: Redis, SQL.
///
/// A layer compares `born`s; it never reads values. Whatever it answers, it first made known the stamps it knows (they are
/// merged into the process's table before `read` returns), so values are judged by stamps at least as new as they are.
pub(crate) trait Shared: Send + Sync + fmt::Debug {
    fn read<'a>(&'a self, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<Reading, LayerError>>;

    /// Keeps what was loaded, each item only if nothing newer was said about its key; answers how many it refused.
    fn fill<'a>(&'a self, epoch: u64, items: &'a [Item]) -> BoxFuture<'a, Result<u64, LayerError>>;

    /// Keeps what is true from now on: voids older loads of these keys. `at` is this process's tick for the write; answers
    /// the clock it was done at.
    fn store<'a>(&'a self, at: u64, items: &'a [Item]) -> BoxFuture<'a, Result<u64, LayerError>>;

    /// Forgets the keys and refuses what was born before; answers the clock it was done at.
    fn revoke<'a>(&'a self, at: u64, keys: &'a [Arc<str>]) -> BoxFuture<'a, Result<u64, LayerError>>;

    /// Keeps the stamp; answers the clock it was done at.
    fn stamp<'a>(&'a self, at: u64, target: &'a Target) -> BoxFuture<'a, Result<u64, LayerError>>;

    /// Reclaims what is expired or dead.
    fn sweep(&self) -> BoxFuture<'_, Result<(), LayerError>> {
        Box::pin(async { Ok(()) })
    }

    /// Statements sent so far, where the layer speaks in statements.
    fn statements(&self) -> u64 {
        0
    }
}

/// What a layer answered.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The clock and the epoch of a layer that keeps the namespace clock.
    pub(crate) clock: Option<Authority>,
    /// One a key, in order.
    pub(crate) slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority {
    /// New whenever the layer may have lost stamps or floors; values of another epoch are dead.
    pub(crate) epoch: u64,
    pub(crate) clock: u64,
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
    pub(crate) expires_ms: u64,
}

/// A layer's failure: it was away, slow, or said something unheard of. Never shown to a reader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LayerError(pub(crate) String);
