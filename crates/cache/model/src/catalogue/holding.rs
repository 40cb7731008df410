use super::Case;
use super::worlds::{
    ANSWER_LOST, CONTROL_EVICTED, CRASH, EACH, FAILOVER, FAILOVER_AND_CRASH, FLOOR_EXPIRED, Faults, KEY,
    LOSS, NONE, OTHER, PARTITION, PARTITION_AND_CRASH, REORDER, RESTART, TAG, TOKEN_LOST, TRIMMED, cluster,
    every_commit, key, key_two_readers, one, tag, tag_two_readers, two_keys, two_writers, with_each,
};
use crate::protocol::{Protocol, Voids};
use crate::scenario::Scenario;

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
    add("v3", v3, with_each(&key(), &EACH), &[]);
    // Floors hide holes, so what holds must hold without them; a tag has none.
    let mut without = EACH.to_vec();
    without.retain(|(name, ..)| *name != FLOOR_EXPIRED.0);
    add("v3", bare, with_each(&key(), &without), &[FAILOVER]);
    add("v3", v3, with_each(&tag(), &without), &[FAILOVER]);
    for protocol in [v3, bare] {
        add("v3", protocol, vec![one(&key(), FAILOVER_AND_CRASH)], &[FAILOVER_AND_CRASH]);
    }
    let mut some = EACH.to_vec();
    some.retain(|(name, ..)| !["duplicate", "value evicted", "stream evicted"].contains(name));
    for world in [key_two_readers(), tag_two_readers()] {
        add("v3", v3, with_each(&world, &some), &[RESTART, FAILOVER, PARTITION, CONTROL_EVICTED, TRIMMED]);
    }
    add(
        "v3",
        bare,
        with_each(&key_two_readers(), &[NONE, LOSS, CRASH, ANSWER_LOST, PARTITION]),
        &[CRASH, ANSWER_LOST, PARTITION],
    );
    let two = |name, target| Scenario::new(name, &[0, 0, 1, 1], &[(0, target)]);
    add("v3", v3, with_each(&two("key, four readers", KEY), &[NONE, LOSS]), &[LOSS]);
    add("v3", v3, with_each(&two("tag, four readers", TAG), &[NONE, LOSS]), &[LOSS]);
    for world in [two_writers("two key writers", KEY), two_writers("key and tag writer", TAG)] {
        let faults = [NONE, LOSS, REORDER, TOKEN_LOST, CRASH, PARTITION, RESTART, FAILOVER];
        add(
            "v3",
            v3,
            with_each(&world, &faults),
            &[LOSS, REORDER, TOKEN_LOST, CRASH, PARTITION, RESTART, FAILOVER],
        );
    }
    let built = [key(), key_two_readers()].map(|world| with_each(&world, &EACH)).concat();
    let large = [RESTART, FAILOVER, PARTITION, CONTROL_EVICTED, TRIMMED];
    add("as built", v3.as_built(), built, &large);
    let writers = two_writers("two key writers", KEY);
    add(
        "as built",
        v3.as_built(),
        with_each(&writers, &[NONE, LOSS, RESTART, PARTITION, ANSWER_LOST]),
        &[LOSS, RESTART, PARTITION, ANSWER_LOST],
    );
    let stripe = Protocol { voids: Voids::Stripe, ..v3 };
    for (rules, protocol) in [("v3", v3), ("a stripe voids all its flights", stripe)] {
        let world = two_keys("two keys, one writer", &[(0, KEY)]);
        add(rules, protocol, with_each(&world, &[NONE, LOSS, CRASH, PARTITION]), &[CRASH, PARTITION]);
        let world = two_keys("two keys, two writers", &[(0, KEY), (1, OTHER)]);
        add(rules, protocol, with_each(&world, &[NONE, LOSS]), &[NONE, LOSS]);
    }
    let [small, crash, both] = every_commit();
    add("outbox", v3.with_outbox(), vec![small], &[]);
    add("outbox", v3.with_outbox(), vec![crash, both], &[CRASH, PARTITION_AND_CRASH]);
    let far = [NONE, LOSS, CRASH, RESTART, FAILOVER, PARTITION, ANSWER_LOST, TOKEN_LOST, CONTROL_EVICTED];
    for world in [cluster(key()), cluster(tag())] {
        add("v3", v3, with_each(&world, &far), &[RESTART, FAILOVER, PARTITION, CONTROL_EVICTED]);
    }
    add("v3", bare, with_each(&cluster(key()), &[NONE, LOSS, CRASH]), &[]);
    let voiding = Protocol { shard_loss_voids: true, ..v3 };
    add(
        "a shard's loss voids all",
        voiding,
        with_each(&cluster(key()), &[RESTART, FAILOVER]),
        &[RESTART, FAILOVER],
    );
    let at_once = Protocol { asks_at_once: true, ..v3 };
    for world in [cluster(key()), cluster(tag())] {
        let faults = [NONE, LOSS, CRASH, TOKEN_LOST, RESTART, FAILOVER, PARTITION];
        add(
            "clock and slot asked at once",
            at_once,
            with_each(&world, &faults),
            &[CRASH, RESTART, FAILOVER, PARTITION],
        );
    }
    let both = cluster(Scenario::new("a key on each shard", &[], &[(0, TAG)]).reading(&[(0, 0), (1, 1)]));
    add("v3", v3, with_each(&both, &[NONE, RESTART]), &[RESTART]);
    cases
}
