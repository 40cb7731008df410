#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! The Redis layer against a real server: two nodes, an absence, a loss.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use mainstay_cache::{Cache, Delivery, RedisConfig, Region, RegionOptions, Source};
use mainstay_testkit::proxy::{Proxy, Way};
use mainstay_testkit::redis::Redis;
use tokio::sync::oneshot;

async fn node(redis: &Redis) -> (Cache, Region<str, u32>) {
    let config = RedisConfig::new(redis.url()).command_timeout(Duration::from_millis(500));
    let cache = Cache::builder("test").redis(config).build().await.unwrap();
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

async fn load(values: &Region<str, u32>, key: &str, value: u32) -> Source {
    let load = values.get_or_load_hit(key, move |cx| async move {
        cx.tag("t");
        Ok::<_, Infallible>(value)
    });
    load.await.unwrap().source
}

async fn command(redis: &Redis, words: &[&str]) -> redis::Value {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut connection).await.unwrap()
}

/// Waits until the node has heard all there is to hear.
async fn in_step(cache: &Cache) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while cache.coherence().suspect {
        assert!(Instant::now() < deadline, "{:?}", cache.coherence());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the node has applied what another announced.
async fn has_heard(cache: &Cache) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while cache.coherence().applied_invalidations == 0 {
        assert!(Instant::now() < deadline, "{:?}", cache.coherence());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn what_one_node_loads_the_other_reads() {
    let redis = Redis::start().unwrap();
    let ((one, here), (other, there)) = (node(&redis).await, node(&redis).await);
    assert_eq!(load(&here, "a", 1).await, Source::Loader);
    let hit = there.get_hit("a").await.unwrap();
    assert_eq!((*hit.value, hit.source), (1, Source::L2));
    assert_eq!(there.get_hit("a").await.unwrap().source, Source::L1);
    assert_eq!(one.stats().l2.unwrap().fills, 1);
    assert_eq!(other.stats().l2.unwrap().hits, 1);
    assert!(matches!(
        command(&redis, &["PTTL", "mainstay:test:v:k:a"]).await,
        redis::Value::Int(1..=300_000)
    ));
}

#[tokio::test]
async fn a_set_is_read_back_by_the_other_node_with_one_command_for_many() {
    let redis = Redis::start().unwrap();
    let ((_one, here), (other, there)) = (node(&redis).await, node(&redis).await);
    let keys: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let items = keys.iter().map(String::as_str).zip(0..);
    assert_eq!(here.set_many(items).await.unwrap(), Delivery::Applied);
    let values = there.get_many(keys.iter().map(String::as_str)).await;
    let values: Vec<u32> = values.into_iter().map(|value| *value.unwrap()).collect();
    assert_eq!(values, (0..500).collect::<Vec<_>>());
    assert_eq!(other.stats().l2.unwrap().hits, 500);
}

/// Race C, on the real thing: node one reads the source, node two invalidates, node one stores.
#[tokio::test]
async fn c_a_load_does_not_land_after_another_nodes_invalidation() {
    let redis = Redis::start().unwrap();
    for how in ["key", "tag", "pattern", "clear", "set"] {
        let ((one, here), (other, there)) = (node(&redis).await, node(&redis).await);
        let (begun, has_begun) = oneshot::channel();
        let (go, told) = oneshot::channel::<()>();
        let loader = tokio::spawn({
            let here = here.clone();
            async move {
                let load = here.get_or_load("a", move |cx| async move {
                    cx.tag("t");
                    begun.send(()).unwrap();
                    told.await.unwrap();
                    Ok::<_, Infallible>(1)
                });
                *load.await.unwrap()
            }
        });
        has_begun.await.unwrap();
        let delivery = match how {
            "key" => there.invalidate("a").await,
            "tag" => other.invalidate_tag("t").await,
            "pattern" => other.invalidate_pattern("k:*").await,
            "set" => there.set("a", 2).await.unwrap(),
            _ => other.clear().await,
        };
        assert_eq!(delivery, Delivery::Applied);
        if how == "key" {
            has_heard(&one).await;
        }
        go.send(()).unwrap();
        assert_eq!(loader.await.unwrap(), 1);
        let expected = (how == "set").then_some(2);
        assert_eq!(there.get("a").await.as_deref().copied(), expected, "{how}");
        let (_third, fresh) = node(&redis).await;
        assert_eq!(fresh.get("a").await.as_deref().copied(), expected, "{how}");
        if how == "key" {
            assert_eq!(one.stats().l1.refused_fills, 1, "heard of it before it was loaded");
        }
        let _ = there.invalidate("a").await;
        assert_eq!(load(&there, "a", 3).await, Source::Loader);
        let (_fourth, later) = node(&redis).await;
        assert_eq!(later.get("a").await.as_deref(), Some(&3), "{how}: the key is cacheable again");
        let _ = there.invalidate("a").await;
    }
}

/// Both hold the same token, since nothing was invalidated: it is the floor that tells the newer version.
#[tokio::test]
async fn an_older_version_that_is_loaded_longer_does_not_replace_a_newer_one() {
    let redis = Redis::start().unwrap();
    let nodes = || async {
        let config = RedisConfig::new(redis.url()).patience(Duration::from_millis(50));
        let cache = Cache::builder("test").redis(config).build().await.unwrap();
        let region = cache.region::<str, u32>("k", RegionOptions::default()).unwrap();
        (cache, region)
    };
    let ((one, slow), (_other, quick)) = (nodes().await, nodes().await);
    let (begun, has_begun) = oneshot::channel();
    let (go_on, goes_on) = oneshot::channel::<()>();
    let loading = tokio::spawn({
        let slow = slow.clone();
        async move {
            let load = slow.get_or_load("a", |cx| async move {
                cx.version(1);
                begun.send(()).unwrap();
                goes_on.await.unwrap();
                Ok::<_, Infallible>(1)
            });
            load.await.unwrap()
        }
    });
    has_begun.await.unwrap();
    let load = quick.get_or_load_hit("a", |cx| async move {
        cx.version(2);
        Ok::<_, Infallible>(2)
    });
    assert_eq!(load.await.unwrap().source, Source::Loader, "it waited for as long as it has patience");
    go_on.send(()).unwrap();
    assert_eq!(*loading.await.unwrap(), 1);

    let (_newcomer, values) = nodes().await;
    let hit = values.get_hit("a").await.unwrap();
    assert_eq!((*hit.value, hit.source), (2, Source::L2));
    assert_eq!(one.stats().l2.unwrap().refused_fills, 1);
}

#[tokio::test]
async fn a_tag_invalidated_on_one_node_reaches_the_others_memory_with_its_next_word_from_redis() {
    let redis = Redis::start().unwrap();
    let ((one, here), (_other, there)) = (node(&redis).await, node(&redis).await);
    load(&here, "a", 1).await;
    assert!(there.get("a").await.is_some());
    assert_eq!(one.invalidate_tag("t").await, Delivery::Applied);
    assert!(there.get("something else").await.is_none());
    assert_eq!(there.get_cached("a"), None);
}

#[tokio::test]
async fn redis_away_is_survived_and_what_is_owed_is_told_first() {
    let redis = Redis::start().unwrap();
    let (cache, values) = node(&redis).await;
    load(&values, "a", 1).await;
    redis.kill();
    assert_eq!(values.get("a").await.as_deref(), Some(&1), "memory still answers");
    assert_eq!(load(&values, "b", 2).await, Source::Loader);
    assert_eq!(values.invalidate("a").await, Delivery::Queued);
    assert_eq!(values.get("a").await, None);
    assert!(cache.stats().l2.unwrap().errors > 0);
    redis.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while cache.stats().l2.unwrap().owed_invalidations > 0 {
        assert!(Instant::now() < deadline, "{:?}", cache.stats().l2);
        let _ = values.get("poll").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(load(&values, "c", 3).await, Source::Loader);
    assert_eq!(node(&redis).await.1.get("c").await.as_deref(), Some(&3), "it is used again");
}

#[tokio::test]
async fn a_paused_redis_costs_its_time_limit_and_the_unknown_outcome_is_owed() {
    let redis = Redis::start().unwrap();
    let (cache, values) = node(&redis).await;
    load(&values, "a", 1).await;
    redis.pause();
    assert_eq!(values.invalidate("a").await, Delivery::Queued);
    redis.resume();
    let deadline = Instant::now() + Duration::from_secs(20);
    while cache.stats().l2.unwrap().owed_invalidations > 0 {
        assert!(Instant::now() < deadline, "{:?}", cache.stats().l2);
        let _ = values.get("poll").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(node(&redis).await.1.get("a").await, None);
}

/// redis-rs/redis-rs#362 and #1059, rapina-rs/rapina#802: a broken connection ends the subscription with it; redis-rs/redis-rs#1393
/// and #1407 subscribe again, and what was published between is lost (redis/redis#3559). Here what was missed is replayed, and the
/// next announcement arrives by itself.
#[tokio::test]
async fn a_broken_connection_is_made_anew_and_nothing_is_missed() {
    let redis = Redis::start().unwrap();
    let ((_one, here), (other, there)) = (node(&redis).await, node(&redis).await);
    for round in 0..3_u32 {
        load(&here, "a", round).await;
        assert_eq!(there.get("a").await.as_deref(), Some(&round));
        command(&redis, &["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        command(&redis, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        let deadline = Instant::now() + Duration::from_secs(20);
        while here.invalidate("a").await != Delivery::Applied {
            assert!(Instant::now() < deadline, "{:?}", other.coherence());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        in_step(&other).await;
        let began = Instant::now();
        while there.get_cached("a").is_some() {
            assert!(began.elapsed() < Duration::from_secs(2), "round {round}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Clearing by pattern walked every key of the server (RedHatInsights/insights-host-inventory#4914, mediocregopher/radix#232),
/// by `KEYS` while all others waited (quarkusio/quarkus#45828, spring-projects/spring-data-redis#1682 and #2904,
/// medusajs/medusa#14869), and deleted what it found in one blocking command. Here nothing is walked nor deleted, and what the
/// pattern does not match is still there.
#[tokio::test]
async fn a_pattern_walks_no_keys() {
    let redis = Redis::start().unwrap();
    let (cache, values) = node(&redis).await;
    let others = cache.region::<str, u32>("other", RegionOptions::default()).unwrap();
    let keys: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    values.set_many(keys.iter().map(String::as_str).zip(0..)).await.unwrap();
    others.set_many(keys.iter().map(String::as_str).zip(0..)).await.unwrap();
    let deletions = calls(&redis, "del").await;
    assert_eq!(cache.invalidate_pattern("k:*").await, Delivery::Applied);
    assert_eq!(cache.invalidate_tag("t").await, Delivery::Applied);
    let (fresh, elsewhere) = node(&redis).await;
    let theirs = fresh.region::<str, u32>("other", RegionOptions::default()).unwrap();
    for key in &keys {
        assert_eq!((values.get(key).await, elsewhere.get(key).await), (None, None), "{key}");
        assert!(others.get(key).await.is_some() && theirs.get(key).await.is_some(), "{key}: not matched");
    }
    assert_eq!(cache.clear().await, Delivery::Applied);
    assert_eq!(others.get("7").await, None);
    assert!(calls(&redis, "hset").await > 0, "the commands are counted");
    for walk in ["keys", "scan", "unlink", "flushdb"] {
        assert_eq!(calls(&redis, walk).await, 0, "{walk}");
    }
    assert_eq!(calls(&redis, "del").await, deletions);
}

/// How often the server ran a command, inside scripts or not.
async fn calls(redis: &Redis, name: &str) -> u64 {
    let redis::Value::BulkString(stats) = command(redis, &["INFO", "commandstats"]).await else {
        unreachable!("INFO answers a text")
    };
    let stats = String::from_utf8(stats).unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn redis_away_from_the_start_is_survived() {
    let redis = Redis::start().unwrap();
    redis.kill();
    let (_cache, values) = node(&redis).await;
    assert_eq!(load(&values, "a", 1).await, Source::Loader);
    assert_eq!(values.get_cached("a").as_deref(), Some(&1));
}

#[tokio::test]
async fn losing_the_control_key_kills_what_was_cached_before() {
    let redis = Redis::start().unwrap();
    let (cache, values) = node(&redis).await;
    load(&values, "a", 1).await;
    command(&redis, &["DEL", "mainstay:test:meta"]).await;
    let (_fresh, elsewhere) = node(&redis).await;
    assert_eq!(elsewhere.get("a").await, None, "a value of the lost epoch, its stamps unknown");
    assert!(values.get("b").await.is_none());
    in_step(&cache).await;
    assert_eq!(values.get_cached("a"), None, "memory gave it up too");
    assert_eq!(load(&values, "a", 2).await, Source::Loader);
    assert_eq!(elsewhere.get("a").await.as_deref(), Some(&2));
}

#[tokio::test]
async fn the_stamp_table_in_redis_is_bounded_and_revives_nothing() {
    let redis = Redis::start().unwrap();
    let config = || RedisConfig::new(redis.url());
    let memory = mainstay_cache::MemoryConfig::default().stamps(8);
    let cache = Cache::builder("test").memory(memory).redis(config()).build().await.unwrap();
    let values = cache.region::<str, u32>("k", RegionOptions::default()).unwrap();
    load(&values, "a", 1).await;
    assert_eq!(cache.invalidate_tag("t").await, Delivery::Applied);
    for n in 0..100 {
        assert_eq!(cache.invalidate_tag(&format!("other {n}")).await, Delivery::Applied);
    }
    let redis::Value::Int(fields) = command(&redis, &["HLEN", "mainstay:test:meta"]).await else {
        unreachable!("HLEN answers a number")
    };
    assert!(fields <= 13, "{fields} fields");
    assert_eq!(node(&redis).await.1.get("a").await, None, "its stamp gave way to the floor");
}

#[tokio::test]
async fn bytes_that_are_not_ours_are_a_miss() {
    let redis = Redis::start().unwrap();
    let (_one, here) = node(&redis).await;
    load(&here, "a", 1).await;
    for (at, bytes) in [("0", "xx"), ("60", "!"), ("3", "\u{7f}")] {
        load(&here, at, 1).await;
        command(&redis, &["SETRANGE", &format!("mainstay:test:v:k:{at}"), at, bytes]).await;
        let (cache, there) = node(&redis).await;
        assert_eq!(there.get(at).await, None);
        assert_eq!(cache.stats().l2.unwrap().undecodable, 1, "corrupted at {at}");
    }
    command(&redis, &["SET", "mainstay:test:v:k:z", "hello"]).await;
    let (cache, there) = node(&redis).await;
    assert_eq!(there.get("z").await, None);
    assert_eq!(cache.stats().l2.unwrap().undecodable, 1);
}

/// The script that fills writes epoch and born into the bytes, which must not matter to checksum, ciphertext or compression.
#[cfg(all(feature = "encryption", feature = "lz4", feature = "msgpack"))]
#[tokio::test]
async fn what_redis_stamps_decrypts_on_another_node_and_what_was_damaged_there_is_a_miss() {
    use mainstay_cache::{Algorithm, CodecConfig, Compression, Format, KeyRing};

    const SECRET: &str = "owner: Ada Lovelace, 12 Bower Street";
    let redis = Redis::start().unwrap();
    let codec = CodecConfig::default()
        .format(Format::MessagePack)
        .compression(Compression::new(Algorithm::Lz4).above(64))
        .encryption(KeyRing::new(1, [1; 32]));
    let node = async || {
        let cache = Cache::builder("test").redis(RedisConfig::new(redis.url())).build().await.unwrap();
        let options = RegionOptions::default().codec(codec.clone());
        let region: Region<str, String> = cache.region("k", options).unwrap();
        (cache, region)
    };
    let (_one, here) = node().await;
    let value = SECRET.repeat(9);
    let load = |key| here.get_or_load_borrowed(key, |_| async { Ok::<_, Infallible>(value.clone()) });
    load("loaded").await.unwrap();
    assert_eq!(here.set("set", value.clone()).await.unwrap(), Delivery::Applied);
    for key in ["loaded", "set"] {
        let (_cache, there) = node().await;
        let hit = there.get_hit(key).await.unwrap();
        assert_eq!((hit.value.as_str(), hit.source), (value.as_str(), Source::L2));
        let stored = command(&redis, &["GET", &format!("mainstay:test:v:k:{key}")]).await;
        let redis::Value::BulkString(stored) = stored else { unreachable!("GET answers bytes") };
        assert!(!stored.windows(8).any(|part| part == &SECRET.as_bytes()[..8]));
    }

    command(&redis, &["SETRANGE", "mainstay:test:v:k:set", "100", "\0damaged"]).await;
    command(&redis, &["COPY", "mainstay:test:v:k:loaded", "mainstay:test:v:k:elsewhere"]).await;
    let (cache, there) = node().await;
    assert_eq!((there.get("set").await, there.get("elsewhere").await), (None, None));
    let stats = cache.stats().l2.unwrap();
    assert_eq!((stats.misses, stats.undecodable_by_reason), (2, [("checksum", 2)].into()));
}

/// A connection that was given up may have bytes on their way for as long as TCP tries: a `set` among them must not undo
/// what the same node, or another, has told Redis since.
#[tokio::test]
async fn what_a_lost_connection_still_had_to_say_is_never_said() {
    let redis = Redis::start().unwrap();
    let proxy = Proxy::to(("127.0.0.1", redis.port())).unwrap();
    let config = RedisConfig::new(format!("redis://{}", proxy.address()));
    let one = Cache::builder("test").redis(config).build().await.unwrap();
    let here = one.region::<str, String>("k", RegionOptions::default()).unwrap();
    let other = Cache::builder("test").redis(RedisConfig::new(redis.url())).build().await.unwrap();
    let there = other.region::<str, String>("k", RegionOptions::default()).unwrap();

    // So that Redis knows the script.
    assert_eq!(here.set("b", "another".to_owned()).await.unwrap(), Delivery::Applied);
    proxy.that_sent("the old value").hold(Way::ToServer);
    assert_eq!(here.set("a", "the old value".to_owned()).await.unwrap(), Delivery::Queued);
    // It connects anew, for its pulse is held as well, and makes good what it owes.
    let deadline = Instant::now() + Duration::from_secs(20);
    while one.coherence().suspect || one.coherence().owed_invalidations > 0 {
        assert!(Instant::now() < deadline, "{:?}", one.coherence());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(there.invalidate("a").await, Delivery::Applied);
    proxy.heal();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(there.get("a").await, None, "it was on its way, and arrived");
    assert_eq!(here.get("a").await, None);
}
