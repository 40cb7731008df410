//! The rules, each with a name, so that each can be left out to see what it is for.

use crate::clock::Clocks;

/// Which rules are on. [`Protocol::v3`] is the protocol, [`as_built`](Protocol::as_built) what the cache makes of it, and to leave out
/// one of their rules is a way to break it.
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
    /// *Cluster.* The keys' slots are told first, then the control key. Else the other way round.
    pub slot_first: bool,
    /// *Cluster.* All slots of an invalidation of many keys are told before the control key. Else one is enough.
    pub all_slots_first: bool,
    /// *Cluster.* The control key is told in the epoch in which the first slot was. Else in any that is the node's by then.
    pub tells_in_one_epoch: bool,
    /// *Cluster.* Each bucket has an epoch of its own. Else the control key's speaks for all.
    pub bucket_epochs: bool,
    /// *Cluster.* Another server than a bucket's epoch was made for makes a new one.
    pub moved_bucket_new_epoch: bool,
    /// *Cluster.* A value also carries the epoch of the clock its `born` was read from, and is dead in another.
    pub clock_epoch_judges_values: bool,
    /// *Cluster.* Stamps make dead what lies in all buckets. Else only what lies with the server of the control key.
    pub stamps_reach_buckets: bool,
    /// *Cluster.* An answer of an epoch or server of a key's bucket that is no longer the node's counts as none.
    pub slot_answer_queues: bool,
    /// *Cluster.* A miss may ask the key's slot and the control key at once, so that either answers first. Else the control
    /// key comes first.
    pub asks_at_once: bool,
    /// *Cluster.* A new epoch of a bucket without the control key also drops L1 and voids flights.
    pub bucket_loss_voids: bool,
    /// *Cluster.* A commit runs in whatever epoch its bucket has by then. Else in that of its miss, or not at all.
    pub commits_anew: bool,
    /// *Commit.* A token carries the epochs it was granted in, and is none in others.
    pub tokens_fenced: bool,
    /// *Miss.* Where tokens are fenced, one of other epochs is not adopted. Else it is, and is granted anew by that.
    pub adopts_in_epoch: bool,
    /// What the clock is.
    pub clocks: Clocks,
    /// *Miss.* A look, which installs nothing, comes before the claim; who waits for another's load claims again.
    pub looks_first: bool,
    /// *Miss.* The stamps that come with the clock are known to the node from then on.
    pub miss_teaches: bool,
    /// *Read.* On a suspect node nobody joins a flight.
    pub suspects_fly_alone: bool,
    /// *Read.* A flight that a newcomer may not join gives its place on the board to his.
    pub newcomer_replaces: bool,
    /// *Commit.* A flight that a known stamp makes dead is not kept, and who waited for it reads again.
    pub stamps_judge_landing: bool,
    /// *Commit.* The flight lands before Redis is told, and Redis is told only of what memory kept. Else the other way round.
    pub lands_first: bool,
    /// *Commit.* What is stored raises the key's floor.
    pub stored_raises_floor: bool,
    /// *Read.* A node takes no value from L2 that is below its own floor.
    pub floor_judges_values: bool,
    /// *Peer.* A node's own announcement of a key voids nothing there: it was voided before, and is again with the answer.
    pub own_heard_already: bool,
    /// *Queue.* The answer to an invalidation that was queued voids again, or tells the stamp. Else what was done when it was
    /// queued is enough.
    pub retold_voids: bool,
    /// *Resynchronise.* Where L1 is dropped, what is left of the stream still raises the node's floors.
    pub dropping_raises_floors: bool,
    /// *Resynchronise.* Who was cut off and had a clock ahead of a stamp it missed drops what it has: what it loaded meanwhile
    /// was born by that clock, and would look younger than the stamp.
    pub ahead_drops: bool,
    /// *Outbox.* The invalidation is a row, written with the data, that a relay on any node delivers.
    pub outbox: bool,
    /// *Outbox.* A row says the version that floors rise to.
    pub rows_say_versions: bool,
    /// *Outbox.* A row whose invalidation was queued stays, to be told again. Else it is gone when the queue was told.
    pub queued_rows_stay: bool,
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
    /// The protocol: every rule on, nothing issued again.
    ///
    /// Some rules hold either way. They stand for the least that is needed: a voided key takes its own flight along, not the
    /// stripe's; a bucket that was lost does not cost L1; a miss on a Cluster asks one thing after the other; and those that
    /// [`as_built`](Self::as_built) sets otherwise.
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
            all_slots_first: true,
            tells_in_one_epoch: false,
            bucket_epochs: true,
            moved_bucket_new_epoch: true,
            clock_epoch_judges_values: true,
            stamps_reach_buckets: true,
            slot_answer_queues: true,
            asks_at_once: false,
            bucket_loss_voids: false,
            commits_anew: false,
            tokens_fenced: false,
            adopts_in_epoch: true,
            clocks: Clocks::Dense,
            looks_first: false,
            miss_teaches: false,
            suspects_fly_alone: false,
            newcomer_replaces: false,
            stamps_judge_landing: false,
            lands_first: false,
            stored_raises_floor: false,
            floor_judges_values: false,
            own_heard_already: false,
            retold_voids: true,
            dropping_raises_floors: true,
            ahead_drops: false,
            outbox: false,
            rows_say_versions: true,
            queued_rows_stay: false,
            reissue: Reissue::Never,
        }
    }

    /// Without floors, which hide holes: what holds must hold without them too, but for a replica that lags.
    #[must_use]
    pub const fn without_floor(self) -> Self {
        Self { floor: false, ..self }
    }

    /// As the cache is built, where the protocol leaves a choice.
    #[must_use]
    pub const fn as_built(self) -> Self {
        Self {
            tells_in_one_epoch: true,
            slot_answer_queues: false,
            asks_at_once: true,
            commits_anew: true,
            tokens_fenced: true,
            clocks: Clocks::Agreeing,
            looks_first: true,
            miss_teaches: true,
            suspects_fly_alone: true,
            newcomer_replaces: true,
            stamps_judge_landing: true,
            lands_first: true,
            stored_raises_floor: true,
            floor_judges_values: true,
            own_heard_already: true,
            retold_voids: false,
            dropping_raises_floors: false,
            ahead_drops: true,
            rows_say_versions: false,
            queued_rows_stay: true,
            ..self
        }
    }

    /// As the cache is built where a load says its tags: until it lands nobody knows them, and so anybody may join it.
    #[must_use]
    pub const fn by_tag(self) -> Self {
        Self { joiner_checks: false, ..self }
    }

    /// With wall clocks that stand still, where there are any.
    #[must_use]
    pub const fn with_still_clocks(self) -> Self {
        Self { clocks: Clocks::Still, ..self }
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
