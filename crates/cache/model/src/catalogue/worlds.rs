//! The worlds that the lists are made of, and the sorts of fault.

use crate::fault::Fault::{self, *};
use crate::scenario::Scenario;
use crate::state::Target;

pub(super) const KEY: Target = Target::Key(0);
pub(super) const OTHER: Target = Target::Key(1);
pub(super) const BOTH: Target = Target::Keys;
pub(super) const TAG: Target = Target::Stamp;

/// Their name, how many at most, and which.
pub(super) type Faults = (&'static str, u8, &'static [Fault]);

pub(super) const NONE: Faults = ("no fault", 0, &[]);
pub(super) const LOSS: Faults = ("loss", 1, &[Loss]);
pub(super) const REORDER: Faults = ("reorder", 1, &[Reorder]);
pub(super) const CRASH: Faults = ("crash", 1, &[Crash]);
pub(super) const RESTART: Faults = ("restart", 1, &[Restart]);
pub(super) const FAILOVER: Faults = ("failover", 1, &[Failover]);
pub(super) const FAILOVER_AND_CRASH: Faults = ("failover and crash", 2, &[Failover, Crash]);
pub(super) const PARTITION_AND_CRASH: Faults = ("partition and crash", 2, &[Partition, Crash]);
pub(super) const REPLICA_LAGS: Faults = ("replica lags", 1, &[ReplicaLags]);
pub(super) const PARTITION: Faults = ("partition", 1, &[Partition]);
pub(super) const ANSWER_LOST: Faults = ("answer lost", 1, &[AnswerLost]);
pub(super) const TOKEN_LOST: Faults = ("token lost", 1, &[TokenLost]);
pub(super) const FLOOR_EXPIRED: Faults = ("floor expired", 1, &[FloorExpired]);
pub(super) const CONTROL_EVICTED: Faults = ("control key evicted", 1, &[ControlEvicted]);
pub(super) const RESHARD: Faults = ("reshard", 1, &[Reshard]);
pub(super) const RESHARD_TWICE: Faults = ("two reshards", 2, &[Reshard]);
pub(super) const FAIL_BACK: Faults = ("failover and back", 1, &[FailBack]);
pub(super) const TRIMMED: Faults = ("stream trimmed and loss", 2, &[StreamTrimmed, Loss]);
pub(super) const EACH: [Faults; 15] = [
    NONE,
    LOSS,
    ("duplicate", 1, &[Duplicate]),
    REORDER,
    CRASH,
    RESTART,
    FAILOVER,
    PARTITION,
    ANSWER_LOST,
    TOKEN_LOST,
    FLOOR_EXPIRED,
    ("value evicted", 1, &[ValueEvicted]),
    CONTROL_EVICTED,
    ("stream evicted", 1, &[StreamEvicted]),
    TRIMMED,
];

/// One world with one sort of fault after another.
pub(super) fn with_each(world: &Scenario, faults: &[Faults]) -> Vec<Scenario> {
    let with = |(name, budget, faults): &Faults| {
        Scenario { name: format!("{}: {name}", world.name), ..world.clone() }.with(*budget, faults)
    };
    faults.iter().map(with).collect()
}

pub(super) fn one(world: &Scenario, faults: Faults) -> Scenario {
    with_each(world, &[faults]).remove(0)
}

/// A reader on each node, a writer on one.
pub(super) fn key() -> Scenario {
    Scenario::new("key", &[0, 1], &[(0, KEY)])
}

pub(super) fn tag() -> Scenario {
    Scenario::new("tag", &[0, 1], &[(0, TAG)])
}

/// The same with two readers on the writer's node.
pub(super) fn key_two_readers() -> Scenario {
    Scenario::new("key, two readers", &[0, 0, 1], &[(0, KEY)])
}

pub(super) fn tag_two_readers() -> Scenario {
    Scenario::new("tag, two readers", &[0, 0, 1], &[(0, TAG)])
}

/// A writer on each node.
pub(super) fn two_writers(name: &str, other: Target) -> Scenario {
    Scenario::new(name, &[0, 1], &[(0, KEY), (1, other)])
}

/// Two keys that share a stripe, read by turns.
pub(super) fn two_keys(name: &str, writers: &[(u8, Target)]) -> Scenario {
    Scenario::new(name, &[], writers).reading(&[(0, 0), (0, 1), (1, 0)])
}

/// A node dies between its commit and its invalidation, or with an invalidation queued.
pub(super) fn every_commit() -> [Scenario; 3] {
    let one_reader = Scenario::new("every commit, one reader", &[1], &[(0, KEY)]).counting_every_commit();
    let world = Scenario { name: "every commit".to_owned(), ..key().counting_every_commit() };
    [one(&one_reader, CRASH), one(&world, CRASH), one(&world, PARTITION_AND_CRASH)]
}

/// A key on each server, read on each node, and one writer: of one key, of both by name, or of a tag.
pub(super) fn two_servers(name: &str, target: Target) -> Scenario {
    cluster(Scenario::new(name, &[], &[(0, target)]).reading(&[(0, 0), (1, 1)]))
}

pub(super) fn cluster(world: Scenario) -> Scenario {
    Scenario { name: format!("cluster, {}", world.name), ..world }.on_a_cluster()
}
