use super::Case;
use super::worlds::{
    ANSWER_LOST, BOTH, CONTROL_EVICTED, CRASH, EACH, FAILOVER, FAILOVER_AND_CRASH, FLOOR_EXPIRED, Faults,
    KEY, LOSS, NONE, OTHER, PARTITION, PARTITION_AND_CRASH, REORDER, REPLICA_LAGS, RESHARD, RESHARD_TWICE,
    RESTART, TAG, TOKEN_LOST, TRIMMED, cluster, every_commit, key, key_two_readers, one, tag,
    tag_two_readers, two_keys, two_servers, two_writers, with_each,
};
use crate::protocol::{Protocol, Voids};
use crate::scenario::Scenario;

/// Where all promises hold.
pub fn holding() -> Vec<Case> {
    [on_one_server(), on_a_cluster(), as_built(), as_built_on_a_cluster()].concat()
}

/// Cases of which some are too large for a test.
#[derive(Default)]
struct Cases {
    all: Vec<Case>,
    as_built: bool,
}

impl Cases {
    fn add(&mut self, rules: &str, protocol: Protocol, scenarios: Vec<Scenario>, large: &[Faults]) {
        for scenario in scenarios {
            let large = large.iter().any(|(name, ..)| scenario.name.ends_with(&format!(": {name}")));
            let case = Case::new(rules, protocol, scenario);
            self.all.push(Case { large, as_built: self.as_built, ..case });
        }
    }
}

fn on_one_server() -> Vec<Case> {
    let v3 = Protocol::v3();
    let bare = v3.without_floor();
    let mut cases = Cases::default();
    let mut add =
        |rules: &str, protocol, scenarios, large: &[Faults]| cases.add(rules, protocol, scenarios, large);
    // Nothing overtakes where one writer announces one thing.
    let each: Vec<_> = EACH.into_iter().filter(|(name, ..)| *name != REORDER.0).collect();
    add("v3", v3, with_each(&key(), &each), &[]);
    add("v3", v3, vec![one(&key(), REPLICA_LAGS)], &[]);
    // Floors hide holes, so what holds must hold without them; a tag has none.
    let mut without = each.clone();
    without.retain(|(name, ..)| *name != FLOOR_EXPIRED.0);
    add("v3", bare, with_each(&key(), &without), &[FAILOVER]);
    add("v3", v3, with_each(&tag(), &without), &[FAILOVER]);
    for protocol in [v3, bare] {
        add("v3", protocol, vec![one(&key(), FAILOVER_AND_CRASH)], &[FAILOVER_AND_CRASH]);
    }
    for (world, all) in [(key_two_readers(), &each), (tag_two_readers(), &without)] {
        let mut some = all.clone();
        some.retain(|(name, ..)| !["duplicate", "value evicted", "stream evicted"].contains(name));
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
    cases.all
}

fn on_a_cluster() -> Vec<Case> {
    let v3 = Protocol::v3();
    let mut cases = Cases::default();
    let mut add =
        |rules: &str, protocol, scenarios, large: &[Faults]| cases.add(rules, protocol, scenarios, large);
    let far = [
        NONE,
        LOSS,
        CRASH,
        RESTART,
        FAILOVER,
        RESHARD,
        RESHARD_TWICE,
        PARTITION,
        ANSWER_LOST,
        TOKEN_LOST,
        CONTROL_EVICTED,
    ];
    let large = [RESTART, FAILOVER, RESHARD, RESHARD_TWICE, PARTITION, CONTROL_EVICTED];
    for world in [cluster(key()), cluster(tag())] {
        add("v3", v3, with_each(&world, &far), &large);
    }
    add("v3", v3.without_floor(), with_each(&cluster(key()), &[NONE, LOSS, CRASH]), &[]);
    let voiding = Protocol { bucket_loss_voids: true, ..v3 };
    let lost = [RESTART, FAILOVER];
    add("a bucket's loss voids all", voiding, with_each(&cluster(key()), &lost), &lost);
    let at_once = Protocol { asks_at_once: true, ..v3 };
    for world in [cluster(key()), cluster(tag())] {
        let faults = [NONE, LOSS, CRASH, TOKEN_LOST, RESTART, FAILOVER, PARTITION];
        let large = [CRASH, RESTART, FAILOVER, PARTITION];
        add("clock and slot asked at once", at_once, with_each(&world, &faults), &large);
    }
    for world in
        [two_servers("a key on each server", TAG), two_servers("a key on each server, both named", BOTH)]
    {
        let faults = [NONE, LOSS, RESTART, FAILOVER, RESHARD, PARTITION];
        add("v3", v3, with_each(&world, &faults), &faults[1..]);
    }
    cases.all
}

fn as_built() -> Vec<Case> {
    let v3 = Protocol::v3();
    let built = v3.as_built();
    let mut cases = Cases { as_built: true, ..Cases::default() };
    let mut add =
        |rules: &str, protocol, scenarios, large: &[Faults]| cases.add(rules, protocol, scenarios, large);
    let some = |left_out: &[&str]| {
        let mut some = EACH.to_vec();
        some.retain(|(name, ..)| *name != REORDER.0 && !left_out.contains(name));
        some
    };
    let large = [RESTART, FAILOVER, PARTITION, CONTROL_EVICTED, TRIMMED];
    add("as built", built, with_each(&key(), &some(&[])), &large);
    add("as built", built, vec![one(&key(), REPLICA_LAGS)], &[]);
    // What is stored leaves a floor, so that a tag has one too.
    add("as built", built, with_each(&tag(), &some(&[])), &large);
    let large = [&large[..], &[CRASH, ANSWER_LOST, TOKEN_LOST, FLOOR_EXPIRED]].concat();
    let few = some(&["duplicate", "value evicted", "stream evicted"]);
    add("as built", built, with_each(&key_two_readers(), &few), &large);
    add("as built", built, with_each(&tag_two_readers(), &few), &large);
    add("as built, by tag", built.by_tag(), with_each(&tag_two_readers(), &few), &large);
    for world in [two_writers("two key writers", KEY), two_writers("key and tag writer", TAG)] {
        let faults = [NONE, LOSS, REORDER, RESTART, PARTITION, ANSWER_LOST];
        add("as built", built, with_each(&world, &faults), &faults);
    }
    let world = two_keys("two keys, one writer", &[(0, KEY)]);
    add("as built", built, with_each(&world, &[NONE, LOSS]), &[LOSS]);
    let world = two_keys("two keys, both named", &[(0, BOTH)]);
    add("as built", built, with_each(&world, &[NONE, LOSS]), &[NONE, LOSS]);
    let [small, crash, both] = every_commit();
    add("as built, outbox", built.with_outbox(), vec![small], &[]);
    add("as built, outbox", built.with_outbox(), vec![crash, both], &[CRASH, PARTITION_AND_CRASH]);
    // The hardest for stamps: no clock is ahead but by what it did itself.
    let still = built.with_still_clocks();
    let faults = [NONE, LOSS, CRASH, RESTART, FAILOVER, PARTITION, ANSWER_LOST, CONTROL_EVICTED];
    let large = [RESTART, FAILOVER, PARTITION, CONTROL_EVICTED];
    add("as built, clocks stand still", still, with_each(&tag(), &faults), &large);
    let world = two_writers("key and tag writer", TAG);
    let faults = [NONE, PARTITION];
    add("as built, clocks stand still", still, with_each(&world, &faults), &faults);
    cases.all
}

fn as_built_on_a_cluster() -> Vec<Case> {
    let v3 = Protocol::v3();
    let built = v3.as_built();
    let mut cases = Cases { as_built: true, ..Cases::default() };
    let mut add =
        |rules: &str, protocol, scenarios, large: &[Faults]| cases.add(rules, protocol, scenarios, large);
    let faults =
        [NONE, LOSS, CRASH, RESTART, FAILOVER, RESHARD, PARTITION, ANSWER_LOST, TOKEN_LOST, CONTROL_EVICTED];
    let large = [CRASH, RESTART, FAILOVER, RESHARD, PARTITION, ANSWER_LOST, CONTROL_EVICTED];
    for world in [cluster(key()), cluster(tag())] {
        add("as built", built, with_each(&world, &faults), &large);
    }
    let faults = [NONE, LOSS, RESTART, FAILOVER, RESHARD, PARTITION];
    for world in
        [two_servers("a key on each server", TAG), two_servers("a key on each server, both named", BOTH)]
    {
        add("as built", built, with_each(&world, &faults), &faults[1..]);
    }
    cases.all
}
