//! The rules, each with a name, so that each can be left out to see what it is for.

/// Which rules are on. [`Protocol::v3`] is the protocol; everything else is a way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// *Connect.* A new connection says hello before any other command goes over it.
    pub hello_first: bool,
    /// *Connect.* Hello throws away what the dead connection had received.
    pub hello_discards: bool,
    /// *Connect.* Hello to another server than the epoch was made for makes a new epoch.
    pub new_run_new_epoch: bool,
    /// *Connect.* Epoch, clock and stamps are one key, lost together. Else they are evicted one by one.
    pub one_control_key: bool,
    /// *Fence.* There are epochs: scripts carry them and refuse another, and flights end in the one they began in.
    pub fence: bool,
    /// *Fence.* A value of another epoch is dead.
    pub epoch_judges_values: bool,
    /// *Read.* A suspect node does not ask L1.
    pub suspect_bypasses: bool,
    /// *Read.* A reader joins a flight only if it is not older than the stamps known.
    pub joiner_checks: bool,
    /// *Miss.* `born` is the clock before the load. Else the one at the commit.
    pub born_before_load: bool,
    /// *Load.* Invalidations leave a floor, below which nothing is loaded from a replica, stored or kept.
    pub floor: bool,
    /// *Commit.* The token must be there and be the same.
    pub token_compared: bool,
    /// *Commit.* L1 is filled only if the key was not invalidated since the flight began.
    pub generation_checked: bool,
    /// *Invalidate a key.* The node voids what it has before Redis is told.
    pub first_bump: bool,
    /// *Invalidate a key.* And again after.
    pub second_bump: bool,
    /// *Invalidate.* And also if Redis failed or did not answer.
    pub bump_on_failure: bool,
    /// *Invalidate a key.* Voiding takes the flight off the board, so that no newcomer joins it.
    pub bump_detaches: bool,
    /// *Invalidate a key.* What one voiding reaches beside the key's L1 entry.
    pub voids: Voids,
    /// *Invalidate.* The clock moves by one.
    pub clock_advances: bool,
    /// *Invalidate.* An answer of an epoch or server that is no longer the node's counts as none.
    pub old_answer_queues: bool,
    /// *Queue.* What failed is tried again.
    pub queue_replays: bool,
    /// *Queue.* While anything is queued the node does not read L2.
    pub queue_blocks_l2: bool,
    /// *Invalidate a stamp.* Stamps only grow.
    pub stamp_grows: bool,
    /// *Peer.* Announcements and heartbeats carry the epoch; another one makes suspect.
    pub announcements_carry_epoch: bool,
    /// *Peer.* A gap, a dead connection or a heartbeat that differs makes suspect, and the node resynchronises.
    pub resync_on_gap: bool,
    /// *Resynchronise.* Another run id drops what the node has.
    pub run_compared: bool,
    /// *Cluster.* The key's slot is told first, then the control key. Else the other way round.
    pub slot_first: bool,
    /// *Cluster.* A value also carries the epoch of the clock its `born` was read from, and is dead in another.
    pub clock_epoch_judges_values: bool,
    /// *Cluster.* A miss may ask the key's slot and the control key at once, so that either answers first. Else the control
    /// key comes first.
    pub asks_at_once: bool,
    /// *Cluster.* A new epoch on a shard without the control key also drops L1 and voids flights.
    pub shard_loss_voids: bool,
    /// *Commit.* The flight lands before Redis is told, and Redis is told only of what memory kept. Else the other way round.
    pub lands_first: bool,
    /// *Commit.* What is stored raises the key's floor.
    pub stored_raises_floor: bool,
    /// *Read.* A node takes no value from L2 that is below its own floor.
    pub floor_judges_values: bool,
    /// *Peer.* A node's own announcement of a key voids nothing there: it was voided before, and is again with the answer.
    pub own_heard_already: bool,
    /// *Queue.* The answer to an invalidation that was queued voids again. Else what was voided when it was queued is enough.
    pub retold_voids: bool,
    /// *Resynchronise.* Where L1 is dropped, what is left of the stream still raises the node's floors.
    pub dropping_raises_floors: bool,
    /// *Outbox.* The invalidation is a row, written with the data, that a relay on any node delivers.
    pub outbox: bool,
    /// Not part of the protocol: keep L2 over a failover, and issue invalidations again instead.
    pub reissue: Reissue,
}

/// What voiding one key reaches beside its L1 entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voids {
    /// The key's own flight.
    Flight,
    /// Every flight of the stripe, as a generation that keys share would do alone.
    Stripe,
}

/// Which invalidations a node issues again when it finds another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reissue {
    /// None.
    Never,
    /// Its own recent ones, noted before they are sent.
    Own,
    /// Its own, noted when they are answered, and those it heard of.
    SeenAndAnswered,
    /// Its own, noted before they are sent, and those it heard of.
    SeenAndSent,
}

impl Protocol {
    /// The protocol as it is built: every rule on, nothing issued again.
    ///
    /// Nine rules hold either way. They stand for the least that is needed: a voided key takes its own flight along, not the
    /// stripe's; a shard that lost its keys does not cost L1; a miss on a Cluster asks one thing after the other;
    /// and the last six are as [`as_built`](Self::as_built) says otherwise.
    pub const fn v3() -> Self {
        Self {
            hello_first: true,
            hello_discards: true,
            new_run_new_epoch: true,
            one_control_key: true,
            fence: true,
            epoch_judges_values: true,
            suspect_bypasses: true,
            joiner_checks: true,
            born_before_load: true,
            floor: true,
            token_compared: true,
            generation_checked: true,
            first_bump: true,
            second_bump: true,
            bump_on_failure: true,
            bump_detaches: true,
            voids: Voids::Flight,
            clock_advances: true,
            old_answer_queues: true,
            queue_replays: true,
            queue_blocks_l2: true,
            stamp_grows: true,
            announcements_carry_epoch: true,
            resync_on_gap: true,
            run_compared: true,
            slot_first: true,
            clock_epoch_judges_values: true,
            asks_at_once: false,
            shard_loss_voids: false,
            lands_first: false,
            stored_raises_floor: false,
            floor_judges_values: false,
            own_heard_already: false,
            retold_voids: true,
            dropping_raises_floors: true,
            outbox: false,
            reissue: Reissue::Never,
        }
    }

    /// Without floors, which hide holes: what holds must hold without them too, but for a replica that lags.
    #[must_use]
    pub const fn without_floor(self) -> Self {
        Self { floor: false, ..self }
    }

    /// As the cache is built, where the protocol leaves a choice: waiters have their answer before Redis is told, a stored
    /// version is a floor, a node's own floor judges what it reads, and a node voids once less for its own invalidations.
    #[must_use]
    pub const fn as_built(self) -> Self {
        Self {
            lands_first: true,
            stored_raises_floor: true,
            floor_judges_values: true,
            own_heard_already: true,
            retold_voids: false,
            dropping_raises_floors: false,
            ..self
        }
    }

    /// With an outbox.
    #[must_use]
    pub const fn with_outbox(self) -> Self {
        Self { outbox: true, ..self }
    }

    /// Without epochs at all: no fence, no hello, nothing that tells one life of Redis from the next.
    #[must_use]
    pub const fn without_epochs(self) -> Self {
        Self {
            hello_first: false,
            hello_discards: false,
            new_run_new_epoch: false,
            fence: false,
            epoch_judges_values: false,
            announcements_carry_epoch: false,
            old_answer_queues: false,
            ..self
        }
    }

    /// A failover keeps the epoch and with it L2.
    #[must_use]
    pub const fn keeping_l2(self, reissue: Reissue) -> Self {
        Self { new_run_new_epoch: false, epoch_judges_values: false, reissue, ..self }
    }
}
