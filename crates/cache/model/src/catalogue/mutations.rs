use super::Case;
use super::worlds::{
    BOTH, CONTROL_EVICTED, FAIL_BACK, FAILOVER, FAILOVER_AND_CRASH, FLOOR_EXPIRED, KEY, LOSS, NONE,
    PARTITION, REORDER, REPLICA_LAGS, RESTART, TAG, cluster, every_commit, key, key_two_readers, one, tag,
    tag_two_readers, two_servers,
};
use crate::properties::{CACHEABLE, FILL, LIVE, OWN, PEER, REST};
use crate::protocol::{Protocol, Reissue};
use crate::scenario::Scenario;

/// Rules left out, each with the promises that it keeps.
pub fn mutations() -> Vec<Case> {
    let v3 = Protocol::v3();
    let bare = v3.without_epochs();
    let mut cases = Vec::new();
    // Floors hide holes, so each rule must be missed with them and without. Stamps have none.
    let mut both = |rules: &str, mutant: Protocol, world: Scenario, breaks: &[&'static str]| {
        cases.push(Case::new(rules, mutant, world.clone()).breaking(breaks));
        if world.writers.iter().any(|writes| writes.target != TAG) {
            cases.push(Case::new(rules, mutant.without_floor(), world).breaking(breaks));
        }
    };
    let key_writers = Scenario::new("two key writers on the other node", &[1], &[(0, KEY), (0, KEY)]);
    let tag_writers = Scenario::new("two tag writers on the other node", &[1], &[(0, TAG), (0, TAG)]);
    let tag_two_writers =
        Scenario::new("two tag writers, two readers on the other node", &[1, 1], &[(0, TAG), (0, TAG)]);

    both("m1 no second bump", Protocol { second_bump: false, ..v3 }, one(&key_two_readers(), NONE), &[OWN]);
    let unchecked = Protocol { generation_checked: false, ..v3 };
    both(
        "m2 generation not checked",
        unchecked,
        one(&key_two_readers(), FLOOR_EXPIRED),
        &[OWN, PEER, FILL, REST],
    );
    let uncompared = Protocol { token_compared: false, ..v3 };
    both(
        "m3 token not compared",
        uncompared,
        one(&key_two_readers(), FLOOR_EXPIRED),
        &[OWN, PEER, FILL, REST],
    );
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
    both("c1 values carry their bucket's epoch only", one_epoch, one(&cluster(tag()), RESTART), &[REST]);
    let one_for_all = Protocol { bucket_epochs: false, ..v3 };
    both("c2 one epoch for all buckets", one_for_all, one(&cluster(key()), FAILOVER), &[OWN, FILL, REST]);
    let unmoved = Protocol { moved_bucket_new_epoch: false, ..v3 };
    both("c3 a bucket's epoch outlives its server", unmoved, one(&cluster(key()), FAILOVER), &[OWN, REST]);
    let narrow = Protocol { stamps_reach_buckets: false, ..v3 };
    both("c4 a stamp reaches one server", narrow, one(&cluster(tag()), NONE), &[OWN, PEER, FILL, REST]);
    let hasty = Protocol { all_slots_first: false, ..v3 };
    let both_named = two_servers("a key on each server, both named", BOTH);
    both("c6 announced when one slot is told", hasty, one(&both_named, NONE), &[PEER, FILL]);

    both("f0 L2 kept over a failover", v3.keeping_l2(Reissue::Never), one(&key(), FAILOVER), &[OWN, REST]);
    both("f1 own invalidations issued again", v3.keeping_l2(Reissue::Own), one(&key(), FAILOVER), &[PEER]);
    let noted_late = Protocol { old_answer_queues: false, ..v3.keeping_l2(Reissue::SeenAndAnswered) };
    both("f3 issued again, noted when answered", noted_late, one(&key(), FAILOVER), &[OWN, REST]);
    both(
        "f5 own and seen issued again",
        v3.keeping_l2(Reissue::SeenAndSent),
        one(&key(), FAILOVER_AND_CRASH),
        &[OWN],
    );

    both(
        "e1 hello not first",
        Protocol { hello_first: false, ..v3 },
        one(&key(), FAILOVER),
        &[OWN, PEER, FILL],
    );
    both("e2 scripts not fenced", Protocol { fence: false, ..v3 }, one(&key(), FAILOVER), &[OWN, REST]);
    let undying = Protocol { epoch_judges_values: false, ..v3 };
    both("e3 values outlive their epoch", undying, one(&tag(), FAILOVER), &[OWN, FILL]);
    both(
        "e4 old answers count",
        Protocol { old_answer_queues: false, ..v3 },
        one(&tag(), RESTART),
        &[CACHEABLE],
    );
    let in_parts = Protocol { one_control_key: false, ..v3 };
    both("e5 control key in parts", in_parts, one(&tag(), CONTROL_EVICTED), &[FILL, CACHEABLE]);

    let built = v3.as_built();
    let mut changed = |rules: &str, mutant: Protocol, world: Scenario, breaks: &[&'static str]| {
        let large = rules.starts_with("c7") || rules.starts_with("h1");
        cases.push(Case { large, ..Case::built(rules, mutant, world).breaking(breaks) });
    };
    let tokens = Protocol { tokens_fenced: false, ..built };
    let reader = Scenario::new("key, a reader on the other node", &[1], &[(0, KEY)]);
    let world = one(&cluster(reader), FAILOVER);
    changed("c5 tokens outlive their epoch", tokens, world.clone(), &[FILL]);
    changed("c5 tokens outlive their epoch", tokens.without_floor(), world, &[FILL]);
    let adopting = Protocol { adopts_in_epoch: false, ..built };
    let world = one(&cluster(key()), FAILOVER);
    changed("c7 tokens are adopted in another epoch", adopting, world.clone(), &[FILL]);
    changed("c7 tokens are adopted in another epoch", adopting.without_floor(), world, &[FILL]);
    let unjudged = Protocol { ahead_drops: false, ..built.with_still_clocks() };
    let world =
        Scenario::new("a tag writer on each node, two readers on one", &[0, 0], &[(0, TAG), (1, TAG)]);
    changed("h1 ahead of a missed stamp", unjudged, one(&world, PARTITION), &[PEER]);

    cases.push(
        Case::new("x6 no floor", v3.without_floor(), one(&key(), REPLICA_LAGS))
            .breaking(&[OWN, PEER, FILL, REST]),
    );
    for mutant in [blind, blind.without_floor()] {
        let case = Case::new("m9c no epochs, run ids not compared", mutant, one(&key_writers, RESTART));
        cases.push(case.breaking(&[FILL]).large());
    }
    cases
}

/// Where a promise is not made.
pub fn not_promised() -> Vec<Case> {
    let v3 = Protocol::v3();
    let [small, crash, both] = every_commit();
    vec![
        // A stamp leaves no floor: nothing tells a loader that its replica is behind.
        Case::new("v3", v3, one(&tag(), REPLICA_LAGS)).breaking(&[OWN, PEER, FILL, REST]),
        // No run id tells that another server answered in between.
        Case::new("v3", v3, one(&key(), FAIL_BACK)).breaking(&[OWN, REST]),
        Case::new("v3", v3, one(&cluster(key()), FAIL_BACK)).breaking(&[OWN, REST]),
        Case::new("no outbox", v3, small).breaking(&[REST]),
        Case::new("no outbox", v3, crash).breaking(&[REST]),
        Case::new("no outbox", v3, both).breaking(&[REST]).large(),
    ]
}

/// Rules whose absence alone breaks nothing in these worlds: another rule stands behind each, or what it keeps is a time, and
/// there is no time here.
pub fn spare() -> Vec<Case> {
    let v3 = Protocol::v3();
    let mut cases = vec![Case::new(
        "x3 no first bump",
        Protocol { first_bump: false, ..v3 },
        one(&key_two_readers(), NONE),
    )];
    let spared = [
        ("hello does not discard", Protocol { hello_discards: false, ..v3 }),
        ("suspects read L1", Protocol { suspect_bypasses: false, ..v3 }),
        ("announcements without epoch", Protocol { announcements_carry_epoch: false, ..v3 }),
        ("run ids not compared", Protocol { run_compared: false, ..v3 }),
    ];
    for (rules, protocol) in spared {
        cases.extend([key(), tag()].map(|world| Case::new(rules, protocol, one(&world, FAILOVER)).large()));
    }
    cases
}
