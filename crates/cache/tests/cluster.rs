#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! The Redis layer over a real Cluster: slots, a reshard under load, shards that die, the control key's shard among them.

mod history;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mainstay_cache::fleet::{FleetError, FleetRateConfig};
use mainstay_cache::{Cache, CacheKeyBuilder, Delivery, RedisConfig, Region, RegionOptions, Source};
use mainstay_testkit::proxy::{Proxy, Way};
use mainstay_testkit::redis::{Redis, RedisCluster};
use tokio::task::block_in_place;

use history::{BOUND, Load, Truth};

/// For what must come about at all.
const PATIENCE: Duration = Duration::from_secs(30);
const CONTROL: &str = "{mainstay:test}:meta";

const COMMANDS: &str = "+info +client|id +client|kill +role +subscribe +publish +time +evalsha +script|load +mget +hmget +hgetall +get +set \
    +del +unlink +setrange +hset +hdel +hget +hlen +hincrby +xadd +xrange +incr +pttl +pexpire";

type Node = (Cache, Region<u32, u32>);

async fn node(cluster: &RedisCluster) -> Node {
    // A busy machine takes longer for an answer than a Cluster in service may.
    node_within(cluster, Duration::from_millis(1_000)).await
}

async fn node_within(cluster: &RedisCluster, command_timeout: Duration) -> Node {
    node_as(cluster.urls(), command_timeout).await
}

async fn node_as(urls: Vec<String>, command_timeout: Duration) -> Node {
    let config = RedisConfig::default().cluster(urls).command_timeout(command_timeout);
    let cache = Cache::builder("test").redis(config.staleness_bound(BOUND)).build().await.unwrap();
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

/// Loads, or reads what is there: the value, and whose it is.
async fn load(values: &Region<u32, u32>, key: u32, value: u32) -> (u32, Source) {
    let load = values.get_or_load_hit(&key, move |cx| async move {
        cx.tag(format!("t{}", key % 2));
        Ok::<_, Infallible>(value)
    });
    let hit = load.await.unwrap();
    (*hit.value, hit.source)
}

/// Invalidates keys of many slots with one call.
async fn invalidate(node: &Node, keys: &[u32]) -> Delivery {
    node.0.invalidate_keys(keys.iter().map(|key| CacheKeyBuilder::new("k").component(*key).build())).await
}

async fn until<T>(awaited: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {awaited}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn in_step((cache, _): &Node) {
    until("a node in step", async || {
        let coherence = cache.coherence();
        (coherence.connected && !coherence.suspect && coherence.owed_invalidations == 0).then_some(())
    })
    .await;
}

/// Waits until what one node loads another reads from Redis, whatever the slot.
async fn shared_again(one: &Node, other: &Node, keys: std::ops::Range<u32>) {
    for key in keys {
        until("a value that is shared again", async || {
            let _ = one.1.invalidate(&key).await;
            load(&one.1, key, 77).await;
            (load(&other.1, key, 78).await.0 == 77).then_some(())
        })
        .await;
    }
}

fn command<T: redis::FromRedisValue>(redis: &Redis, words: &[&str]) -> T {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    redis::cmd(words[0]).arg(&words[1..]).query(&mut connection).unwrap()
}

/// redis/redis#2702: no `SCAN` walks a whole cluster, so clearing by pattern or tag must walk nothing: the user below may neither
/// scan nor list keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_one_cache_to_its_nodes() {
    let cluster = RedisCluster::start().unwrap();
    // As a user with no more rights than `docs/src/cache/redis.md` asks for.
    for node in cluster.nodes() {
        let mut rule =
            vec!["ACL", "SETUSER", "app", "on", ">secret", "resetchannels", "&{mainstay:test}:inv"];
        rule.extend(["~{mainstay:test*", "-@all", "+cluster|slots", "+asking"]);
        rule.extend(COMMANDS.split_whitespace());
        command::<()>(node, &rule);
    }
    let as_app = |url: String| url.replace("redis://", "redis://app:secret@");
    let urls: Vec<String> = cluster.urls().into_iter().map(as_app).collect();
    let node = async || node_as(urls.clone(), Duration::from_millis(1_000)).await;
    let (here, there) = (node().await, node().await);

    let keys: Vec<u32> = (0..200).collect();
    for key in &keys {
        assert_eq!(load(&here.1, *key, key + 1).await, (key + 1, Source::Loader));
    }
    for key in &keys[..20] {
        assert_eq!(load(&there.1, *key, 0).await, (key + 1, Source::L2));
    }
    let values = there.1.get_many(&keys).await;
    assert!(values.iter().zip(&keys).all(|(value, key)| value.as_deref() == Some(&(key + 1))), "{values:?}");
    let stored: Vec<usize> =
        cluster.nodes().iter().map(|node| command::<Vec<String>>(node, &["KEYS", "*:v:*"]).len()).collect();
    assert_eq!(stored.iter().sum::<usize>(), 200);
    assert!(stored.iter().all(|count| *count > 20), "spread over the nodes: {stored:?}");

    // A key, its token, its floor and the epoch they live in share a slot.
    let names: Vec<String> =
        cluster.nodes().iter().flat_map(|node| command::<Vec<String>>(node, &["KEYS", "*:k:7"])).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let slots: HashSet<u16> = names.iter().map(|name| cluster.slot(name).unwrap()).collect();
    assert_eq!(slots.len(), 1, "{names:?}");

    for how in ["key", "many", "tag", "pattern", "set", "clear"] {
        let owned: Vec<u32> = vec![1, 3, 5, 7, 9, 11];
        for key in &owned {
            load(&here.1, *key, 1).await;
            load(&there.1, *key, 1).await;
        }
        let delivery = match how {
            "key" => here.1.invalidate(&1).await,
            "many" => invalidate(&here, &owned).await,
            "tag" => here.0.invalidate_tag("t1").await,
            "pattern" => here.0.invalidate_pattern("k:*").await,
            "set" => here.1.set_many(owned.iter().map(|key| (key, 5))).await.unwrap(),
            _ => here.0.clear().await,
        };
        assert_eq!(delivery, Delivery::Applied, "{how}");
        let acknowledged = Instant::now();
        let dead = if how == "key" { &owned[..1] } else { &owned[..] };
        let expected = if how == "set" { 5 } else { 2 };
        for key in dead {
            let seen = until("an invalidation heard of", async || {
                let seen = load(&there.1, *key, 2).await.0;
                (seen == expected).then_some(seen)
            })
            .await;
            assert_eq!(seen, expected, "{how}");
            assert_eq!(load(&here.1, *key, expected).await.0, expected, "{how}");
        }
        assert!(acknowledged.elapsed() < BOUND, "{how}: {:?}", acknowledged.elapsed());
        let _ = invalidate(&here, &owned).await;
    }

    // What slides is told in its bucket that it is read.
    let sliding = |values: &Region<u32, u32>| {
        values.with(|options| options.sliding(Duration::from_millis(1_500))).unwrap()
    };
    for key in 800..820 {
        load(&sliding(&here.1), key, 1).await;
    }
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let read = (800..810).filter(|key| sliding(&here.1).get_cached(key).is_some()).count();
        assert_eq!(read, 10, "they are read all the time");
    }
    let found = there.1.get_many(&(800..820).collect::<Vec<u32>>()).await;
    let found: Vec<bool> = found.iter().map(Option::is_some).collect();
    assert_eq!(found, [[true; 10], [false; 10]].concat(), "after 2.4 s");

    // One load in the fleet.
    let loads = Arc::new(AtomicU32::new(0));
    let readers = (0..10).map(|n| {
        let (values, loads) = (if n % 2 == 0 { here.1.clone() } else { there.1.clone() }, loads.clone());
        tokio::spawn(async move {
            let load = values.get_or_load(&900, move |_| async move {
                loads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
                Ok::<_, Infallible>(1)
            });
            *load.await.unwrap()
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        assert_eq!(reader.await.unwrap(), 1);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);

    // What the fleet shares beside values, on whichever node it falls.
    for name in ["a", "b", "c", "d"] {
        let ttl = Duration::from_secs(30);
        let (mine, theirs) = (here.0.fleet_lock(name, ttl).unwrap(), there.0.fleet_lock(name, ttl).unwrap());
        let held = mine.try_acquire().await.unwrap();
        assert!(matches!(theirs.try_acquire().await, Err(FleetError::Held { .. })));
        held.release().await.unwrap();
        assert_eq!(theirs.try_acquire().await.unwrap().fence(), 2);
        let rate = FleetRateConfig::default().permits(1).period(Duration::from_secs(60)).burst(1);
        here.0.fleet_rate(name, &rate).unwrap().acquire().await.unwrap();
        let refused = there.0.fleet_rate(name, &rate).unwrap().acquire().await;
        assert!(matches!(refused, Err(FleetError::RateLimited { .. })), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_move_under_load_and_nothing_old_is_read() {
    let cluster = RedisCluster::start().unwrap();
    let nodes = [node(&cluster).await, node(&cluster).await, node(&cluster).await];
    let truth = Arc::new(Truth::default());
    let load = Load::start(&nodes, &truth, 300);
    tokio::time::sleep(Duration::from_millis(500)).await;

    let to = &cluster.nodes()[0];
    let mut moved = 0;
    for bucket in 0..24 {
        let slot = cluster.slot(&format!("{{mainstay:test:b{bucket}}}:e")).unwrap();
        if block_in_place(|| cluster.owner(slot)).unwrap().port() != to.port() {
            block_in_place(|| cluster.move_slots(slot..=slot, to)).unwrap();
            moved += 1;
        }
    }
    assert!(moved > 5, "{moved} slots moved");
    // And the control key's.
    let slot = cluster.slot(CONTROL).unwrap();
    let other =
        cluster.nodes().iter().find(|node| node.port() != cluster.owner(slot).unwrap().port()).unwrap();
    block_in_place(|| cluster.move_slots(slot..=slot, other)).unwrap();
    tokio::time::sleep(BOUND).await;

    let (reads, writes) = load.end().await;
    assert!(reads > 1_000 && writes > 50, "{reads} reads, {writes} acknowledged writes");
    for node in &nodes {
        in_step(node).await;
    }
    shared_again(&nodes[0], &nodes[1], 0..30).await;
}

/// Step 12: the buckets first and then clock and announcement, for who has heard of it must not find the old value.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_announced_before_all_buckets_know() {
    let cluster = RedisCluster::start().unwrap();
    let slot = far_slot(&cluster);
    let (far, control) =
        (cluster.owner(slot).unwrap(), cluster.owner(cluster.slot(CONTROL).unwrap()).unwrap());
    let proxy = Proxy::to(("127.0.0.1", far.port())).unwrap();
    block_in_place(|| cluster.announce(far, proxy.port())).unwrap();
    let patient = Duration::from_secs(20);
    let urls = || vec![control.url()];
    let (here, there) = (node_as(urls(), patient).await, node_as(urls(), patient).await);
    let keys: Vec<u32> = (0..60).collect();
    for key in &keys {
        load(&here.1, *key, 1).await;
        load(&there.1, *key, 1).await;
    }
    let announced = || command::<u64>(control, &["HGET", CONTROL, "q"]);
    let stored = || -> usize {
        cluster.nodes().iter().map(|node| command::<Vec<String>>(node, &["KEYS", "*:v:*"]).len()).sum()
    };
    for how in ["invalidate", "set"] {
        let before = announced();
        proxy.all().hold(Way::ToServer);
        let told = tokio::spawn({
            let (here, keys) = (here.clone(), keys.clone());
            async move {
                match how {
                    "set" => here.1.set_many(keys.iter().map(|key| (key, 5))).await.unwrap(),
                    _ => invalidate(&here, &keys).await,
                }
            }
        });
        if how == "invalidate" {
            let left = command::<Vec<String>>(far, &["KEYS", "*:v:*"]).len();
            assert!(left > 0 && left < 60, "{left}");
            until("the other buckets know", async || (stored() == left).then_some(())).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(announced(), before, "{how}: announced, while a bucket had not heard");
        assert!(!told.is_finished());
        proxy.heal();
        assert_eq!(told.await.unwrap(), Delivery::Applied, "{how}");
        assert_eq!(announced(), before + 1, "{how}: one announcement for all buckets");
    }
    for key in &keys {
        assert_eq!(load(&there.1, *key, 9).await.0, 5);
    }
}

/// Between the two owners Redis answers `ASK` for what has moved, and `TRYAGAIN` to scripts whose keys are in two places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_stays_half_moved_is_survived() {
    let cluster = RedisCluster::start().unwrap();
    let nodes = [node(&cluster).await, node(&cluster).await];
    let keys: Vec<u32> = (0..200).collect();
    for key in &keys {
        load(&nodes[0].1, *key, 1).await;
    }
    for slot in [far_slot(&cluster), cluster.slot(CONTROL).unwrap()] {
        let owner = cluster.owner(slot).unwrap();
        let stored: Vec<String> = command(owner, &["KEYS", "*:v:*"]);
        let stored = stored.iter().filter(|name| cluster.slot(name).unwrap() == slot);
        let within = stored.filter_map(|name| name.rsplit_once(':')?.1.parse::<u32>().ok());
        let keys: Vec<u32> = within.chain(0..5).collect();
        let other = cluster.nodes().iter().find(|node| node.port() != owner.port()).unwrap();
        let migration = block_in_place(|| cluster.migrate(slot, other)).unwrap();
        assert_eq!(block_in_place(|| migration.move_keys(1)).unwrap(), 1);
        for round in 2..4 {
            let mut deliveries = HashSet::new();
            for key in &keys {
                let began = Instant::now();
                let delivery = nodes[0].1.invalidate(key).await;
                assert_eq!(load(&nodes[0].1, *key, round).await.0, round, "it holds here, {delivery:?}");
                assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
                deliveries.insert(format!("{delivery:?}"));
            }
            assert!(deliveries.contains("Queued"), "some of it could not be told: {deliveries:?}");
            let again = Instant::now() + BOUND;
            tokio::time::sleep_until(again.into()).await;
            for key in &keys {
                let seen = load(&nodes[1].1, *key, round).await.0;
                // Told or not: nothing older than what was known a round ago, and that was told, or is owed.
                assert!(seen == round || nodes[0].0.coherence().owed_invalidations > 0, "key {key}: {seen}");
            }
        }
        block_in_place(|| migration.finish()).unwrap();
        until("what was owed is told", async || {
            let _ = nodes[0].1.get(&1_000).await;
            (nodes[0].0.coherence().owed_invalidations == 0).then_some(())
        })
        .await;
        for node in &nodes {
            in_step(node).await;
        }
        shared_again(&nodes[0], &nodes[1], 0..60).await;
    }
}

/// A shard whose replica lags behind a proxy: deletions that were acknowledged are lost when it takes over, and the old values
/// are there again.
struct Lagging<'a> {
    primary: &'a Redis,
    replica: &'a Redis,
    /// One of its slots.
    slot: u16,
    proxy: Proxy,
}

/// A bucket's slot that has another owner than the control key.
fn far_slot(cluster: &RedisCluster) -> u16 {
    let port = |slot| cluster.owner(slot).unwrap().port();
    let control = port(cluster.slot(CONTROL).unwrap());
    let mut slots = (0..64).map(|bucket| cluster.slot(&format!("{{mainstay:test:b{bucket}}}:e")).unwrap());
    slots.find(|slot| port(*slot) != control).unwrap()
}

impl<'a> Lagging<'a> {
    async fn begin(cluster: &'a RedisCluster, slot: u16) -> Self {
        let primary = cluster.owner(slot).unwrap();
        let replica = cluster.replicas(primary).unwrap()[0];
        let proxy = Proxy::to(("127.0.0.1", primary.port())).unwrap();
        block_in_place(|| cluster.announce(primary, proxy.port())).unwrap();
        until("a replica behind the proxy", async || {
            let text: String = command(replica, &["INFO", "replication"]);
            let behind = text.contains(&format!("master_port:{}", proxy.port()));
            (behind && text.contains("master_link_status:up")).then_some(())
        })
        .await;
        proxy.that_sent("PSYNC").cut(Way::ToClient);
        Self { primary, replica, slot, proxy }
    }

    fn values(&self) -> usize {
        command::<Vec<String>>(self.replica, &["KEYS", "*:v:*"]).len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_lost_acknowledged_deletions_serves_nothing_old() {
    let cluster = RedisCluster::builder().replicas(1).start().unwrap();
    let nodes = [node(&cluster).await, node(&cluster).await];
    let keys: Vec<u32> = (0..120).collect();
    for key in &keys {
        load(&nodes[0].1, *key, 1).await;
    }
    let shard = Lagging::begin(&cluster, far_slot(&cluster)).await;
    let old = shard.values();
    assert!(old > 20, "{old} values on the replica");
    assert_eq!(invalidate(&nodes[0], &keys).await, Delivery::Applied);
    shard.primary.kill();
    block_in_place(|| cluster.elected_instead_of(shard.primary, shard.slot)).unwrap();
    assert_eq!(shard.values(), old, "the deletions were lost");

    let fresh = node(&cluster).await;
    for key in &keys {
        for (who, node) in nodes.iter().chain([&fresh]).enumerate() {
            let seen = load(&node.1, *key, 2).await.0;
            assert_eq!(seen, 2, "node {who} was served what was invalidated, key {key}");
        }
    }
    for node in &nodes {
        in_step(node).await;
    }
    shared_again(&nodes[0], &nodes[1], 0..30).await;
}

/// The other half: what the control key's shard forgets are the stamps, while the values lie in other shards, whose buckets live on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_control_shard_that_lost_acknowledged_stamps_revives_nothing() {
    let cluster = RedisCluster::builder().replicas(1).start().unwrap();
    let nodes = [node(&cluster).await, node(&cluster).await];
    let keys: Vec<u32> = (0..120).collect();
    for key in &keys {
        load(&nodes[0].1, *key, 1).await;
    }
    let shard = Lagging::begin(&cluster, cluster.slot(CONTROL).unwrap()).await;
    for tag in ["t0", "t1"] {
        assert_eq!(nodes[0].0.invalidate_tag(tag).await, Delivery::Applied);
    }
    shard.primary.kill();
    block_in_place(|| cluster.elected_instead_of(shard.primary, shard.slot)).unwrap();
    let stamps: Vec<String> = command(shard.replica, &["HKEYS", CONTROL]);
    assert!(!stamps.iter().any(|name| name.starts_with("t:")), "the stamps were lost: {stamps:?}");
    let values: usize = cluster
        .nodes()
        .iter()
        .filter(|node| node.port() != shard.primary.port())
        .map(|node| command::<Vec<String>>(node, &["KEYS", "*:v:*"]).len())
        .sum();
    assert!(values > 100, "the values were not: {values}");

    let fresh = node(&cluster).await;
    in_step(&fresh).await;
    for key in &keys {
        let seen = load(&fresh.1, *key, 2).await;
        assert_eq!(seen, (2, Source::Loader), "key {key}");
    }
    for node in &nodes {
        in_step(node).await;
        for key in &keys {
            assert_eq!(load(&node.1, *key, 3).await.0, 2, "key {key}: shared again, and nothing old");
        }
    }
}

/// The first owner copies the second before it takes over again, and so forgets the deletions itself; nobody asked for
/// anything in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_failed_over_and_back_unnoticed_serves_nothing_old() {
    let cluster = RedisCluster::builder().replicas(1).start().unwrap();
    let nodes = [node(&cluster).await, node(&cluster).await];
    let keys: Vec<u32> = (0..120).collect();
    for key in &keys {
        load(&nodes[0].1, *key, 1).await;
    }
    let shard = Lagging::begin(&cluster, far_slot(&cluster)).await;
    let old = shard.values();
    assert_eq!(invalidate(&nodes[0], &keys).await, Delivery::Applied);
    shard.primary.pause();
    block_in_place(|| cluster.elected_instead_of(shard.primary, shard.slot)).unwrap();
    shard.primary.resume();
    shard.proxy.heal();
    until("the old primary as a replica", async || {
        let text: String = command(shard.primary, &["INFO", "replication"]);
        text.contains("master_link_status:up").then_some(())
    })
    .await;
    tokio::time::sleep(BOUND).await;
    block_in_place(|| cluster.fail_over(shard.primary)).unwrap();
    assert_eq!(command::<Vec<String>>(shard.primary, &["KEYS", "*:v:*"]).len(), old);

    let fresh = node(&cluster).await;
    for key in &keys {
        for (who, node) in nodes.iter().chain([&fresh]).enumerate() {
            let seen = load(&node.1, *key, 2).await.0;
            assert_eq!(seen, 2, "node {who} was served what was invalidated, key {key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_keys_shard_fails_over_under_load() {
    let cluster = RedisCluster::builder().replicas(1).start().unwrap();
    let nodes = [node(&cluster).await, node(&cluster).await, node(&cluster).await];
    let truth = Arc::new(Truth::default());
    let load = Load::start(&nodes, &truth, 200);
    tokio::time::sleep(Duration::from_millis(500)).await;

    // Once by death, once by order.
    let slot = cluster.slot(CONTROL).unwrap();
    let primary = block_in_place(|| cluster.owner(slot)).unwrap();
    primary.kill();
    let elected = block_in_place(|| cluster.elected_instead_of(primary, slot)).unwrap();
    for node in &nodes {
        in_step(node).await;
    }
    block_in_place(|| cluster.rejoin(primary)).unwrap();
    block_in_place(|| cluster.fail_over(primary)).unwrap();
    assert_ne!(block_in_place(|| cluster.owner(slot)).unwrap().port(), elected.port());
    tokio::time::sleep(BOUND).await;

    let (reads, writes) = load.end().await;
    assert!(reads > 1_000 && writes > 50, "{reads} reads, {writes} acknowledged writes");
    for node in &nodes {
        in_step(node).await;
    }
    shared_again(&nodes[0], &nodes[1], 0..30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_restarts_empty_costs_its_values_and_no_more() {
    let cluster = RedisCluster::start().unwrap();
    let nodes = [node(&cluster).await, node(&cluster).await];
    for key in 0..60 {
        load(&nodes[0].1, key, 1).await;
    }
    let control = cluster.owner(cluster.slot(CONTROL).unwrap()).unwrap().port();
    let victim = cluster.nodes().iter().find(|node| node.port() != control).unwrap();
    victim.kill();
    let delivery = invalidate(&nodes[0], &(0..60).collect::<Vec<_>>()).await;
    assert_eq!(delivery, Delivery::Queued, "a slot of it could not be told");
    assert_eq!(load(&nodes[0].1, 0, 2).await.0, 2);
    block_in_place(|| cluster.rejoin(victim)).unwrap();
    until("what was owed is told", async || {
        let _ = nodes[0].1.get(&1_000).await;
        (nodes[0].0.coherence().owed_invalidations == 0).then_some(())
    })
    .await;
    let fresh = node(&cluster).await;
    for key in 0..60 {
        assert_eq!(load(&fresh.1, key, 2).await.0, 2);
    }
    for node in &nodes {
        in_step(node).await;
    }
    shared_again(&nodes[0], &nodes[1], 0..30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_costs_its_own_slots() {
    let cluster = RedisCluster::builder().arg("--cluster-require-full-coverage").arg("no").start().unwrap();
    let timeout = Duration::from_millis(400);
    let (one, other) = (node_within(&cluster, timeout).await, node_within(&cluster, timeout).await);
    let keys: Vec<u32> = (0..60).collect();
    for key in &keys {
        load(&one.1, *key, 1).await;
    }
    let control = cluster.owner(cluster.slot(CONTROL).unwrap()).unwrap().port();
    let victim = cluster.nodes().iter().find(|node| node.port() != control).unwrap();
    let lost = command::<Vec<String>>(victim, &["KEYS", "*:v:*"]).len();
    assert!(lost > 5, "{lost}");
    victim.pause();
    let began = Instant::now();
    let values = other.1.get_many(&keys).await;
    let found = values.iter().flatten().count();
    assert_eq!(found, 60 - lost, "what the others hold is read all the same");
    assert!(began.elapsed() < timeout, "{:?}", began.elapsed());
    // Known by now to be silent, it is not waited for.
    for key in 1_000..1_010 {
        let began = Instant::now();
        load(&other.1, key, 1).await;
        assert!(began.elapsed() < timeout, "{:?}", began.elapsed());
    }
    victim.resume();
    in_step(&other).await;
    shared_again(&one, &other, 0..30).await;
}
