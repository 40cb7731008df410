//! What is explored: where all promises hold, where they are not made, and which rule keeps which promise.

use crate::fault::Fault::{self, *};
use crate::model::Coherence;
use crate::protocol::{Protocol, Reissue, Voids};
use crate::scenario::Scenario;
use crate::state::Target;
use crate::properties::{CACHEABLE, FILL, LIVE, OWN, PEER, REST};

const KEY: Target = Target::Key(0);
const OTHER: Target = Target::Key(1);
const TAG: Target = Target::Stamp;

/// Rules, a world, and what comes of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rules' name: `v3`, or what was changed of it.
    pub rules: String,
    /// The rules.
    pub protocol: Protocol,
    /// The world.
    pub scenario: Scenario,
    /// The promises that must be broken; none where all hold.
    pub breaks: Vec<&'static str>,
    /// More states than a test should go through.
    pub large: bool,
}

impl Case {
    fn new(rules: impl Into<String>, protocol: Protocol, scenario: Scenario) -> Self {
        let rules = rules.into();
        let rules = if protocol.floor || rules.contains("no floor") { rules } else { rules + ", no floor" };
        Self { rules, protocol, scenario, breaks: Vec::new(), large: false }
    }

    fn breaking(self, breaks: &[&'static str]) -> Self {
        Self { breaks: breaks.to_vec(), ..self }
    }

    fn large(self) -> Self {
        Self { large: true, ..self }
    }

    /// Unique in the catalogue.
    pub fn name(&self) -> String {
        format!("{} | {}", self.rules, self.scenario.name)
    }

    /// What is explored.
    pub fn model(&self) -> Coherence {
        Coherence { protocol: self.protocol, scenario: self.scenario.clone() }
    }

    /// The same world under the protocol itself, as far as floors and outbox go.
    #[must_use]
    pub fn twin(&self) -> Self {
        let v3 = Protocol { floor: self.protocol.floor, outbox: self.protocol.outbox, ..Protocol::v3() };
        Self { large: self.large, ..Self::new("v3", v3, self.scenario.clone()) }
    }
}

/// Everything.
pub fn all() -> Vec<Case> {
    holding().into_iter().chain(not_promised()).chain(mutations()).collect()
}

type Faults = (&'static str, u8, &'static [Fault]);

const NONE: Faults = ("no fault", 0, &[]);
const LOSS: Faults = ("loss", 1, &[Loss]);
const REORDER: Faults = ("reorder", 1, &[Reorder]);
const CRASH: Faults = ("crash", 1, &[Crash]);
const RESTART: Faults = ("restart", 1, &[Restart]);
const FAILOVER: Faults = ("failover", 1, &[Failover]);
const PARTITION: Faults = ("partition", 1, &[Partition]);
const ANSWER_LOST: Faults = ("answer lost", 1, &[AnswerLost]);
const TOKEN_LOST: Faults = ("token lost", 1, &[TokenLost]);
const FLOOR_EXPIRED: Faults = ("floor expired", 1, &[FloorExpired]);
const CONTROL_EVICTED: Faults = ("control key evicted", 1, &[ControlEvicted]);
const EACH: [Faults; 15] = [
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
    ("stream trimmed and loss", 2, &[StreamTrimmed, Loss]),
];

/// One world with one sort of fault after another.
fn with_each(world: &Scenario, faults: &[Faults]) -> Vec<Scenario> {
    let with = |(name, budget, faults): &Faults| {
        Scenario { name: format!("{}: {name}", world.name), ..world.clone() }.with(*budget, faults)
    };
    faults.iter().map(with).collect()
}

fn one(world: &Scenario, faults: Faults) -> Scenario {
    with_each(world, &[faults]).remove(0)
}

/// A reader on each node, a writer on one.
fn key() -> Scenario {
    Scenario::new("key", &[0, 1], &[(0, KEY)])
}

fn tag() -> Scenario {
    Scenario::new("tag", &[0, 1], &[(0, TAG)])
}

/// The same with two readers on the writer's node.
fn key_two_readers() -> Scenario {
    Scenario::new("key, two readers", &[0, 0, 1], &[(0, KEY)])
}

fn tag_two_readers() -> Scenario {
    Scenario::new("tag, two readers", &[0, 0, 1], &[(0, TAG)])
}

/// A writer on each node.
fn two_writers(name: &str, other: Target) -> Scenario {
    Scenario::new(name, &[0, 1], &[(0, KEY), (1, other)])
}

/// Two keys that share a stripe, read by turns.
fn two_keys(name: &str, writers: &[(u8, Target)]) -> Scenario {
    Scenario::new(name, &[], writers).reading(&[(0, 0), (0, 1), (1, 0)])
}

/// A node dies between its commit and its invalidation, or with an invalidation queued.
fn every_commit() -> [Scenario; 2] {
    let world = Scenario { name: "every commit".to_owned(), ..key().counting_every_commit() };
    [one(&world, CRASH), one(&world, ("partition and crash", 2, &[Partition, Crash]))]
}

fn cluster(world: Scenario) -> Scenario {
    Scenario { name: format!("cluster, {}", world.name), ..world }.on_a_cluster()
}

/// Where all promises hold.
pub fn holding() -> Vec<Case> {
    let v3 = Protocol::v3();
    let bare = v3.without_floor();
    let mut cases = Vec::new();
    let mut add = |rules: &str, protocol: Protocol, scenarios: Vec<Scenario>, large: &[Faults]| {
        for scenario in scenarios {
            let large = large.iter().any(|(name, ..)| scenario.name.ends_with(&format!(": {name}")));
            cases.push(Case { large, ..Case::new(rules, protocol, scenario) });
        }
    };
    for world in [key(), tag()] {
        add("v3", v3, with_each(&world, &EACH), &[]);
        add("v3", bare, with_each(&world, &EACH), &[]);
    }
    let mut some = EACH.to_vec();
    some.retain(|(name, ..)| !["duplicate", "value evicted", "stream evicted"].contains(name));
    for world in [key_two_readers(), tag_two_readers()] {
        add("v3", v3, with_each(&world, &some), &[RESTART, FAILOVER, PARTITION, CONTROL_EVICTED]);
        add("v3", bare, with_each(&world, &[NONE, LOSS, CRASH, ANSWER_LOST]), &[]);
    }
    let two = |name, target| Scenario::new(name, &[0, 0, 1, 1], &[(0, target)]);
    add("v3", v3, with_each(&two("key, four readers", KEY), &[NONE, LOSS]), &[LOSS]);
    add("v3", v3, with_each(&two("tag, four readers", TAG), &[NONE, LOSS]), &[LOSS]);
    for world in [two_writers("two key writers", KEY), two_writers("key and tag writer", TAG)] {
        let faults = [NONE, LOSS, REORDER, TOKEN_LOST, CRASH, PARTITION, RESTART, FAILOVER];
        add("v3", v3, with_each(&world, &faults), &[LOSS, REORDER, TOKEN_LOST, CRASH, PARTITION, RESTART, FAILOVER]);
    }
    let stripe = Protocol { voids: Voids::Stripe, ..v3 };
    for (rules, protocol) in [("v3", v3), ("a stripe voids all its flights", stripe)] {
        let world = two_keys("two keys, one writer", &[(0, KEY)]);
        add(rules, protocol, with_each(&world, &[NONE, LOSS, CRASH, PARTITION]), &[CRASH, PARTITION]);
        let world = two_keys("two keys, two writers", &[(0, KEY), (1, OTHER)]);
        add(rules, protocol, with_each(&world, &[NONE, LOSS]), &[NONE, LOSS]);
    }
    let [crash, both] = every_commit();
    add("outbox", v3.with_outbox(), vec![crash, both], &[CRASH, ("partition and crash", 2, &[])]);
    let far = [NONE, LOSS, CRASH, RESTART, FAILOVER, PARTITION, ANSWER_LOST, TOKEN_LOST, CONTROL_EVICTED];
    for world in [cluster(key()), cluster(tag())] {
        add("v3", v3, with_each(&world, &far), &[RESTART, FAILOVER, PARTITION, CONTROL_EVICTED]);
        add("v3", bare, with_each(&world, &[NONE, LOSS, CRASH]), &[]);
    }
    let voiding = Protocol { shard_loss_voids: true, ..v3 };
    add("a shard's loss voids all", voiding, with_each(&cluster(key()), &[RESTART, FAILOVER]), &[RESTART, FAILOVER]);
    let both = cluster(Scenario::new("a key on each shard", &[], &[(0, TAG)]).reading(&[(0, 0), (1, 1)]));
    add("v3", v3, with_each(&both, &[NONE, RESTART]), &[RESTART]);
    cases
}

/// Where a promise is not made.
pub fn not_promised() -> Vec<Case> {
    let v3 = Protocol::v3();
    let lag: Faults = ("replica lags", 1, &[ReplicaLags]);
    let [crash, both] = every_commit();
    vec![
        // A stamp leaves no floor: nothing tells a loader that its replica is behind.
        Case::new("v3", v3, one(&tag(), lag)).breaking(&[OWN, PEER, FILL, REST]),
        Case::new("no outbox", v3, crash).breaking(&[REST]),
        Case::new("no outbox", v3, both).breaking(&[REST]).large(),
    ]
}

/// Every rule that is needed left out, with the promises that it keeps.
pub fn mutations() -> Vec<Case> {
    let v3 = Protocol::v3();
    let bare = v3.without_epochs();
    let mut cases = Vec::new();
    // Floors hide holes, so each rule must be missed with them and without.
    let mut both = |rules: &str, mutant: Protocol, world: Scenario, breaks: &[&'static str]| {
        for mutant in [mutant, mutant.without_floor()] {
            cases.push(Case::new(rules, mutant, world.clone()).breaking(breaks));
        }
    };
    let key_writers = Scenario::new("two key writers on one node", &[0, 1], &[(0, KEY), (0, KEY)]);
    let tag_writers = Scenario::new("two tag writers on the other node", &[1], &[(0, TAG), (0, TAG)]);
    let tag_two_writers = Scenario::new("two tag writers, two readers on the other node", &[1, 1], &[(0, TAG), (0, TAG)]);

    both("m1 no second bump", Protocol { second_bump: false, ..v3 }, one(&key_two_readers(), NONE), &[OWN]);
    let unchecked = Protocol { generation_checked: false, ..v3 };
    both("m2 generation not checked", unchecked, one(&key_two_readers(), FLOOR_EXPIRED), &[OWN, PEER, FILL, REST]);
    let uncompared = Protocol { token_compared: false, ..v3 };
    both("m3 token not compared", uncompared, one(&key_two_readers(), FLOOR_EXPIRED), &[OWN, PEER, FILL, REST]);
    let late = Protocol { born_before_load: false, ..v3 };
    both("m4 born after the load", late, one(&tag_two_readers(), NONE), &[OWN, PEER, FILL, REST]);
    let overwriting = Protocol { stamp_grows: false, ..v3 };
    both("m5 stamp overwritten", overwriting, one(&tag_two_writers, REORDER), &[PEER, FILL, REST]);
    let deaf = Protocol { resync_on_gap: false, ..v3 };
    both("m6 gaps not resynchronised", deaf, one(&key_two_readers(), LOSS), &[REST]);
    both("m6 gaps not resynchronised", deaf, one(&tag_two_readers(), LOSS), &[REST]);
    let attached = Protocol { bump_detaches: false, ..v3 };
    both("m7 flights stay joinable", attached, one(&key_two_readers(), NONE), &[OWN, PEER]);
    let forgetful = Protocol { queue_replays: false, queue_blocks_l2: false, ..v3 };
    both("m8 queue not replayed", forgetful, one(&key(), PARTITION), &[REST, LIVE]);
    let standing = Protocol { clock_advances: false, ..v3 };
    both("m9a clock does not advance", standing, one(&tag(), NONE), &[OWN, PEER, FILL, REST]);
    both("m9b no epochs", bare, one(&tag(), RESTART), &[CACHEABLE]);
    let blind = Protocol { run_compared: false, ..bare };
    both("m9d no epochs, run ids not compared", blind, one(&tag_writers, RESTART), &[CACHEABLE]);

    let unfenced_queue = Protocol { queue_blocks_l2: false, ..v3 };
    both("x2 L2 read before the queue is replayed", unfenced_queue, one(&key(), PARTITION), &[OWN]);
    let quiet = Protocol { bump_on_failure: false, ..v3 };
    both("x4 no bump on failure", quiet, one(&key_two_readers(), PARTITION), &[OWN]);
    let joining = Protocol { joiner_checks: false, ..v3 };
    both("x5 joiners do not check", joining, one(&tag_two_readers(), NONE), &[OWN, PEER]);
    let inverted = Protocol { slot_first: false, ..v3 };
    both("s2 announced before the slot is told", inverted, one(&cluster(key()), NONE), &[PEER, FILL]);
    let one_epoch = Protocol { clock_epoch_judges_values: false, ..v3 };
    both("c1 values carry their shard's epoch only", one_epoch, one(&cluster(tag()), RESTART), &[REST]);

    both("f0 L2 kept over a failover", v3.keeping_l2(Reissue::Never), one(&key(), FAILOVER), &[OWN, PEER, REST]);
    both("f1 own invalidations issued again", v3.keeping_l2(Reissue::Own), one(&key(), FAILOVER), &[PEER]);
    let noted_late = Protocol { old_answer_queues: false, ..v3.keeping_l2(Reissue::SeenAndAnswered) };
    both("f3 issued again, noted when answered", noted_late, one(&key(), FAILOVER), &[OWN, REST]);
    let two_faults: Faults = ("failover and crash", 2, &[Failover, Crash]);
    both("f5 own and seen issued again", v3.keeping_l2(Reissue::SeenAndSent), one(&key(), two_faults), &[OWN, FILL, REST]);

    both("e1 hello not first", Protocol { hello_first: false, ..v3 }, one(&key(), FAILOVER), &[OWN, PEER, FILL]);
    both("e2 scripts not fenced", Protocol { fence: false, ..v3 }, one(&key(), FAILOVER), &[OWN, REST]);
    let undying = Protocol { epoch_judges_values: false, ..v3 };
    both("e3 values outlive their epoch", undying, one(&tag(), FAILOVER), &[OWN, PEER, FILL, REST]);
    both("e4 old answers count", Protocol { old_answer_queues: false, ..v3 }, one(&tag(), RESTART), &[CACHEABLE]);
    let in_parts = Protocol { one_control_key: false, ..v3 };
    both("e5 control key in parts", in_parts, one(&tag(), CONTROL_EVICTED), &[FILL, CACHEABLE]);
    let old_messages = Protocol { hello_discards: false, announcements_carry_epoch: false, ..v3 };
    both("e6 old connection's messages count", old_messages, one(&tag(), FAILOVER), &[CACHEABLE]);

    let lag: Faults = ("replica lags", 1, &[ReplicaLags]);
    cases.push(Case::new("x6 no floor", v3.without_floor(), one(&key(), lag)).breaking(&[OWN, PEER, FILL, REST]));
    for mutant in [blind, blind.without_floor()] {
        let case = Case::new("m9c no epochs, run ids not compared", mutant, one(&key_writers, RESTART));
        cases.push(case.breaking(&[FILL]).large());
    }
    cases
}
