#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! The Redis layer under Sentinel: the primary dies, stands still, or gives its place up.

mod history;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_cache::{Cache, Delivery, RedisConfig, Region, RegionOptions, SentinelConfig, Source};
use mainstay_testkit::redis::{Redis, RedisSentinel};
use tokio::task::block_in_place;

use history::{BOUND, Load, Truth};

/// For what must come about at all.
const PATIENCE: Duration = Duration::from_secs(30);

type Node = (Cache, Region<u32, u32>);

async fn node(redis: &RedisSentinel) -> Node {
    let sentinel = SentinelConfig::new(redis.master_name(), redis.sentinel_urls());
    // Nothing listens at the URL: where the primary is, the sentinels say.
    let config = RedisConfig::new("redis://127.0.0.1:1").sentinel(sentinel);
    let config = config.command_timeout(Duration::from_millis(500)).staleness_bound(BOUND);
    let cache = Cache::builder("test").redis(config).build().await.unwrap();
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

async fn load(values: &Region<u32, u32>, key: u32, value: u32) -> (u32, Source) {
    let hit = values.get_or_load_hit(&key, move |_| async move { Ok::<_, Infallible>(value) }).await.unwrap();
    (*hit.value, hit.source)
}

async fn until(awaited: &str, mut look: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !look().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {awaited}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn in_step(nodes: &[Node]) {
    for (cache, values) in nodes {
        until("a node in step", async || {
            let _ = values.get(&1_000).await;
            let coherence = cache.coherence();
            coherence.connected && !coherence.suspect && coherence.owed_invalidations == 0
        })
        .await;
    }
}

/// What one loads the other reads, and what one invalidates the other gives up.
async fn is_one_cache(nodes: &[Node], keys: std::ops::Range<u32>) {
    for key in keys {
        until("a value that is shared", async || {
            let _ = nodes[0].1.invalidate(&key).await;
            load(&nodes[0].1, key, 77).await;
            load(&nodes[1].1, key, 78).await.0 == 77
        })
        .await;
        assert_eq!(nodes[1].1.invalidate(&key).await, Delivery::Applied);
        until("an invalidation heard of", async || load(&nodes[0].1, key, 79).await.0 == 79).await;
    }
}

/// It closes its connections when it becomes a replica.
fn calls_itself_primary(redis: &Redis) -> bool {
    let asked = redis::Client::open(redis.url()).and_then(|client| client.get_connection());
    let role =
        asked.and_then(|mut connection| redis::cmd("ROLE").query::<Vec<redis::Value>>(&mut connection));
    role.is_ok_and(|words| words.first() == Some(&redis::Value::BulkString(b"master".to_vec())))
}

fn count(redis: &Redis, pattern: &str) -> usize {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    redis::cmd("KEYS").arg(pattern).query::<Vec<String>>(&mut connection).unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_primary_is_replaced_without_a_restart_and_what_was_owed_is_told() {
    let redis = RedisSentinel::start().unwrap();
    let nodes = [node(&redis).await, node(&redis).await];
    for key in 0..20 {
        load(&nodes[0].1, key, 1).await;
    }
    assert_eq!(load(&nodes[1].1, 0, 9).await, (1, Source::L2));
    let old = block_in_place(|| redis.primary()).unwrap();
    let replica = redis.nodes().iter().find(|node| node.port() != old.port()).unwrap();
    until("values on the replica", async || count(replica, "*:v:*") == 20).await;

    old.kill();
    for key in 0..10 {
        assert_eq!(nodes[0].1.invalidate(&key).await, Delivery::Queued);
        assert_eq!(load(&nodes[0].1, key, 2).await.0, 2, "it is served on, and holds here");
    }
    assert!(nodes[0].0.coherence().owed_invalidations > 0);
    block_in_place(|| redis.elected_instead_of(old)).unwrap();
    in_step(&nodes).await;

    let fresh = node(&redis).await;
    for key in 0..20 {
        assert_eq!(load(&fresh.1, key, 3).await.1, Source::Loader, "key {key}: of the lost epoch");
        if key < 10 {
            until("what was owed is heard of", async || load(&nodes[1].1, key, 3).await.0 == 3).await;
        }
    }
    is_one_cache(&nodes, 0..5).await;

    // The dead one comes back: an empty primary for a moment, then a replica. Nobody follows it.
    block_in_place(|| redis.rejoin(old)).unwrap();
    in_step(&nodes).await;
    is_one_cache(&nodes, 0..5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_dies_under_load_and_nothing_old_is_read() {
    let redis = RedisSentinel::start().unwrap();
    let nodes = [node(&redis).await, node(&redis).await, node(&redis).await];
    let load = Load::start(&nodes, &Arc::new(Truth::default()), 200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let old = block_in_place(|| redis.primary()).unwrap();
    old.kill();
    block_in_place(|| redis.elected_instead_of(old)).unwrap();
    for (cache, _) in &nodes {
        until("a node in step", async || cache.coherence().connected && !cache.coherence().suspect).await;
    }
    tokio::time::sleep(BOUND).await;
    let (reads, writes) = load.end().await;
    assert!(reads > 1_000 && writes > 50, "{reads} reads, {writes} acknowledged writes");
    in_step(&nodes).await;
    is_one_cache(&nodes[..2], 0..5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_became_a_replica_is_left_though_it_still_answers() {
    let redis = RedisSentinel::start().unwrap();
    let nodes = [node(&redis).await, node(&redis).await];
    load(&nodes[0].1, 1, 1).await;
    let new = block_in_place(|| redis.fail_over()).unwrap();
    until("the nodes go where the primary is", async || {
        let _ = nodes[0].1.invalidate(&2).await;
        load(&nodes[0].1, 2, 2).await;
        count(new, "*:v:k:2") == 1
    })
    .await;
    in_step(&nodes).await;
    is_one_cache(&nodes, 0..5).await;
}

/// The old one calls itself primary for two seconds more, and goes on acknowledging.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_old_primary_acknowledged_late_is_heard_at_the_new_one() {
    let redis = RedisSentinel::start().unwrap();
    let nodes = [node(&redis).await];
    let old = block_in_place(|| redis.primary()).unwrap();
    block_in_place(|| redis.promote()).unwrap();
    // It comes to the new one, while the other is still with the old one.
    let fresh = node(&redis).await;
    let mut invalidated = Vec::new();
    for key in 0.. {
        if !block_in_place(|| calls_itself_primary(old)) {
            break;
        }
        load(&fresh.1, key, 1).await;
        if nodes[0].1.invalidate(&key).await == Delivery::Applied {
            invalidated.push((key, Instant::now()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(invalidated.len() > 50, "{} while there were two", invalidated.len());
    for (key, acknowledged) in invalidated {
        tokio::time::sleep_until((acknowledged + BOUND).into()).await;
        assert_eq!(load(&fresh.1, key, 2).await.0, 2, "key {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_and_a_sentinel_that_stand_still_are_passed_over() {
    let redis = RedisSentinel::start().unwrap();
    let nodes = [node(&redis).await, node(&redis).await];
    load(&nodes[0].1, 1, 1).await;
    let old = block_in_place(|| redis.primary()).unwrap();
    // The first to be asked says nothing.
    redis.sentinels()[0].pause();
    old.pause();
    assert_eq!(nodes[0].1.invalidate(&1).await, Delivery::Queued);
    block_in_place(|| redis.elected_instead_of(old)).unwrap();
    in_step(&nodes).await;
    is_one_cache(&nodes, 0..5).await;
    // It goes on, and calls itself primary for a while.
    old.resume();
    redis.sentinels()[0].resume();
    is_one_cache(&nodes, 0..5).await;
}

#[tokio::test]
async fn sentinels_that_know_nothing_are_survived() {
    let redis = RedisSentinel::start().unwrap();
    let sentinel = SentinelConfig::new("another", redis.sentinel_urls());
    let config = RedisConfig::default().sentinel(sentinel);
    let cache = Cache::builder("test").redis(config).build().await.unwrap();
    let values = cache.region::<u32, u32>("k", RegionOptions::default()).unwrap();
    assert_eq!(load(&values, 1, 1).await, (1, Source::Loader));
    assert!(!cache.coherence().connected);
}
