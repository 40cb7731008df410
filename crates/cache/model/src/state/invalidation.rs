use arrayvec::ArrayVec;

use super::{Clock, Epoch, KEYS, Run, Version};

/// One invalidation, from the commit that made it necessary to its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Invalidation {
    /// How far it got.
    pub stage: Stage,
    /// Who does it.
    pub node: u8,
    /// The version that made it necessary.
    pub version: Version,
    /// It stands in the node's queue, and is tried again.
    pub queued: bool,
    /// The clock the answer carries.
    pub at: Clock,
    /// The clock's epoch in which its node began to tell it, where one epoch must do for all its scripts.
    pub begun: Epoch,
    /// How the scripts on the keys' slots were sent, in a Cluster: as many as were told.
    pub slots: ArrayVec<Sent, KEYS>,
    /// How the script on the control key was sent.
    pub control: Sent,
}

/// Under which connection a script was sent: an answer counts while that is the node's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sent {
    /// To which server; 0 if it was not.
    pub run: Run,
    /// In which epoch.
    pub epoch: Epoch,
}

/// How far an invalidation got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Nothing is committed.
    #[default]
    Idle,
    /// A row of the outbox that no relay has taken.
    Row,
    /// The data is committed, nobody was told.
    Committed,
    /// The node has voided what it had.
    Bumped,
    /// In a Cluster: some of the scripts ran.
    Half,
    /// Redis did all; the answer is on its way.
    Told,
    /// Not known to have been done.
    Queued,
    /// Answered `Applied`.
    Applied,
    /// Its node crashed.
    Dead,
}
