use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;
use tokio::sync::mpsc;

use super::backlog::Revocation;
use super::shared::{Item, Prolonged, Reply};
use crate::backplane::Announcement;
use crate::stamps::Target;

/// The shared layer that keeps what all nodes must agree on: epoch, clock, stamps, tokens and the order of announcements.
///
/// Every command but `connect` and `hello` carries the epoch the node lives in and is refused in another
/// ([`Fenced`](super::shared::LayerError::Fenced)). Whatever it answers, it first merged the stamps it knows into the
/// process's table, so values are judged by stamps at least as new as they are.
pub(crate) trait Keeper: Send + Sync + fmt::Debug {
    /// A new connection, subscribed to the announcements; nothing but `hello` goes over it until it is adopted. What an older
    /// connection still had to say is discarded with it.
    fn connect(&self) -> Reply<'_, Subscription>;

    /// Introduces the new connection, or asks the one in use what was missed.
    fn hello(&self, since: Since) -> Reply<'_, Tidings>;

    /// The connection that said hello is the one in use from now on.
    fn adopt(&self);

    /// Drops the connection: until the next one is adopted all commands fail at once.
    fn hang_up(&self);

    /// Where the keeper stands, told over the connection that carries the announcements and hence behind all of them that
    /// came before.
    fn pulse(&self) -> Reply<'_, Pulse>;

    /// Whether what it acknowledges may be unknown to the server that takes its place: for a moment there may be two.
    fn may_be_deposed(&self) -> bool {
        false
    }

    fn read<'a>(&'a self, epoch: u64, keys: &'a [Arc<str>]) -> Reply<'a, Found>;

    fn claim<'a>(&'a self, epoch: u64, wanted: &'a [Wanted], give_up: bool) -> Reply<'a, Claims>;

    /// Prolongs the lease of loads that take long.
    fn renew<'a>(&'a self, epoch: u64, key: &'a str, token: Token) -> Reply<'a, ()>;

    /// Keeps what was loaded, each only if its token is still there and its version is not below the floor; answers how many
    /// it refused.
    fn commit<'a>(&'a self, epoch: u64, items: &'a [(Item, Token)]) -> Reply<'a, u64>;

    /// Keeps what lies there for longer, if it is the value that is meant.
    fn prolong<'a>(&'a self, epoch: u64, prolonged: &'a Prolonged) -> Reply<'a, ()>;

    /// Keeps what is true from now on and voids every load of these keys; of versioned values only those not older than what
    /// is known.
    fn store<'a>(&'a self, epoch: u64, at: u64, items: &'a [Item]) -> Reply<'a, Stored>;

    /// Makes keys, or all that a stamp speaks of, dead; answers the clock it was done at.
    fn revoke<'a>(&'a self, epoch: u64, at: u64, revocation: &'a Revocation) -> Reply<'a, u64>;
}

/// What comes unasked over a connection.
#[derive(Debug)]
pub(crate) enum Push {
    Announced(Announcement),
    /// Nothing more will come.
    Lost,
}

pub(crate) type Subscription = mpsc::UnboundedReceiver<Push>;

/// Where a node stands when it says hello.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since {
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
}

/// The answer to hello.
#[derive(Debug)]
pub(crate) struct Tidings {
    pub(crate) at: Pulse,
    pub(crate) stamps: Vec<(Target, u64)>,
    /// What was announced since; `None` where that is not known any more: another epoch, a trimmed stream.
    pub(crate) missed: Option<Vec<Announcement>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pulse {
    pub(crate) epoch: u64,
    /// The number of the last announcement: dense within an epoch, so that a gap shows.
    pub(crate) sequence: u64,
    pub(crate) clock: u64,
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) clock: u64,
    /// One a key, in order.
    pub(crate) bytes: SmallVec<[Option<Vec<u8>>; 1]>,
}

/// A key that is wanted and that a read found absent, or dead.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) key: Arc<str>,
    /// `born` of the value that was there and is not to be believed.
    pub(crate) dead: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Claims {
    /// The clock, read before the caller loads.
    pub(crate) clock: u64,
    /// One a key, in order.
    pub(crate) claims: Vec<(Claim, u64)>,
}

/// What a claim ends with; beside it stands the key's version floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Somebody has loaded it since.
    Found(Vec<u8>),
    /// The caller is to load, and may commit with this token.
    Granted(Token),
    /// Another node loads; its lease ends then, unless it is renewed.
    Held(Duration),
}

/// The right to commit what is loaded for a key: lost with the first invalidation, or with Redis' memory, and then the fill
/// is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token(pub(crate) [u8; 8]);

#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) clock: u64,
    /// Which of the items were older than what is known, and hence not kept.
    pub(crate) outdated: Vec<usize>,
}
