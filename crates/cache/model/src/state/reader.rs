use super::{Clock, Epoch, Run, Token, Value, Version};

/// One read of one key, from its begin to its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reader {
    /// How far it got.
    pub stage: Stage,
    /// The value it will answer with.
    pub version: Version,
    /// The clock before the load, or the value's own.
    pub born: Clock,
    /// The epoch that `born` is a time of.
    pub clock_epoch: Epoch,
    /// The tag's stamp that came with the clock.
    pub stamp: Clock,
    /// The age of its flight, for those who want to join it.
    pub departed: Clock,
    /// The clock that a load without a claim is born at.
    pub looked: Clock,
    /// It has looked in vain, and claims.
    pub claims: bool,
    /// `born` of the value that it found dead when it looked.
    pub dead: Option<Clock>,
    /// A value that is judged when the clock is known too.
    pub found: Option<Value>,
    /// The epoch of the key's bucket when it missed.
    pub epoch: Epoch,
    /// The server it missed on.
    pub run: Run,
    /// The token installed or adopted.
    pub token: Token,
    /// Whether the token is another's.
    pub adopted: bool,
    /// An older version must not be loaded from a replica.
    pub least: Version,
    /// The key was invalidated since: may answer, may not fill.
    pub void: bool,
    /// The reader whose flight it joined.
    pub joined: Option<u8>,
    /// For P1: what it must see at least.
    pub own: Version,
    /// For P2: what it must see at least.
    pub heard: Version,
}

/// How far a read got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Not begun.
    #[default]
    Idle,
    /// Leads a flight, and asks Redis next: for a look, or to claim.
    Leading,
    /// In a Cluster: knows clock and stamps, and has not asked the key's bucket.
    Asked,
    /// In a Cluster: the key's bucket has answered, with a value, a token or nothing, and the clock is not known.
    Answered,
    /// Nothing alive in L2; has a token.
    Missed,
    /// Goes by L2: neither reads nor fills it.
    Bypassing,
    /// Has loaded, and may commit.
    Loaded,
    /// Where the flight lands first: L1 is filled, and it may commit.
    Landed,
    /// Has its value and may fill L1.
    Fetched,
    /// Waits for another's flight.
    Joined,
    /// Has answered.
    Done,
    /// Its node crashed.
    Dead,
}

impl Reader {
    /// Whether it leads a flight, attached or not.
    pub fn in_flight(&self) -> bool {
        (Stage::Leading..=Stage::Fetched).contains(&self.stage)
    }
}
