#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! Who may speak to Redis, and how: a user of its own, a database, a prefix, TLS.

use std::convert::Infallible;
use std::time::Duration;

use mainstay_cache::fleet::FleetRateConfig;
use mainstay_cache::{
    Cache, CacheError, Delivery, RedisConfig, Region, RegionOptions, SentinelConfig, Source,
};
use mainstay_testkit::redis::Redis;

type Node = (Cache, Region<u32, u32>);

async fn node(config: RedisConfig) -> Node {
    let config = config.command_timeout(Duration::from_millis(500));
    let cache = Cache::builder("test").redis(config).build().await.unwrap();
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

async fn load(values: &Region<u32, u32>, key: u32, value: u32) -> (u32, Source) {
    let load = values.get_or_load_hit(&key, move |cx| async move {
        cx.tag("t");
        Ok::<_, Infallible>(value)
    });
    let hit = load.await.unwrap();
    (*hit.value, hit.source)
}

fn command<T: redis::FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    redis::cmd(words[0]).arg(&words[1..]).query(&mut connection).unwrap()
}

/// The commands and keys that `docs/src/cache/redis.md` asks for.
const COMMANDS: &str = "+info +client|id +client|kill +role +subscribe +publish +time +evalsha +script|load +mget +hmget +hgetall +get +set \
    +del +unlink +setrange +hset +hdel +hget +hlen +hincrby +xadd +xrange +incr +pttl +pexpire";

#[tokio::test]
async fn a_user_with_no_more_rights_than_are_named_is_enough() {
    let redis = Redis::start().unwrap();
    let mut rule = vec!["ACL", "SETUSER", "app", "on", ">secret", "resetchannels", "&flats:inv", "~flats:*"];
    rule.extend(["-@all"]);
    rule.extend(COMMANDS.split_whitespace());
    command::<()>(&redis.url(), &rule);
    let url = format!("redis://app:secret@127.0.0.1:{}/", redis.port());
    let config = || RedisConfig::new(url.clone()).prefix("flats");
    let (here, there) = (node(config()).await, node(config()).await);
    for (key, how) in (0..).zip(["key", "tag", "set", "pattern", "clear"]) {
        assert_eq!(load(&here.1, key, 1).await, (1, Source::Loader));
        assert_eq!(load(&there.1, key, 2).await, (1, Source::L2), "{how}");
        let delivery = match how {
            "key" => here.1.invalidate(&key).await,
            "tag" => here.0.invalidate_tag("t").await,
            "set" => here.1.set(&key, 3).await.unwrap(),
            "pattern" => here.0.invalidate_pattern("k:*").await,
            _ => here.0.clear().await,
        };
        assert_eq!(delivery, Delivery::Applied, "{how}");
    }
    here.0.fleet_rate("r", &FleetRateConfig::default()).unwrap().acquire().await.unwrap();
    let lock = here.0.fleet_lock("l", Duration::from_secs(10)).unwrap();
    let mut held = lock.try_acquire().await.unwrap();
    held.prolong().await.unwrap();
    held.release().await.unwrap();
    assert!(here.0.coherence().connected && here.0.stats().l2.unwrap().errors == 0, "{:?}", here.0.stats());
    let log: Vec<redis::Value> = command(&redis.url(), &["ACL", "LOG"]);
    // The client tells its name, where the server knows of that, and does without.
    let denied: Vec<_> =
        log.iter().filter(|entry| !format!("{entry:?}").contains("client|setinfo")).collect();
    assert!(denied.is_empty(), "{denied:?}");
}

#[tokio::test]
async fn a_wrong_password_is_like_a_redis_that_is_away() {
    let redis = Redis::builder().args(["--requirepass", "secret"]).start().unwrap();
    let url = |password| format!("redis://:{password}@127.0.0.1:{}", redis.port());
    let (cache, values) = node(RedisConfig::new(url("wrong"))).await;
    assert_eq!(load(&values, 1, 1).await, (1, Source::Loader));
    assert!(!cache.coherence().connected);
    let (cache, values) = node(RedisConfig::new(url("secret"))).await;
    assert_eq!(load(&values, 1, 1).await, (1, Source::Loader));
    assert!(cache.coherence().connected);
}

#[tokio::test]
async fn databases_and_prefixes_are_apart() {
    let redis = Redis::start().unwrap();
    let at = |database: u8| RedisConfig::new(format!("{}/{database}", redis.url()));
    let (first, second, named) =
        (node(at(1)).await, node(at(2)).await, node(at(1).prefix("other:name")).await);
    assert_eq!(load(&first.1, 1, 1).await, (1, Source::Loader));
    assert_eq!(load(&second.1, 1, 2).await, (2, Source::Loader));
    assert_eq!(load(&named.1, 1, 3).await, (3, Source::Loader));
    assert_eq!(load(&node(at(1)).await.1, 1, 0).await, (1, Source::L2));
    assert_eq!(load(&node(at(1).prefix("other:name")).await.1, 1, 0).await, (3, Source::L2));
    // Nor does one hear what is announced in the other.
    for _ in 0..20 {
        assert_eq!(second.1.invalidate(&1).await, Delivery::Applied);
        assert_eq!(named.1.invalidate(&1).await, Delivery::Applied);
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(!first.0.coherence().suspect);
        assert!(first.1.get_cached(&1).is_some());
    }
    let url = format!("{}/1", redis.url());
    assert_eq!(command::<u32>(&url, &["EXISTS", "mainstay:test:v:k:1", "other:name:v:k:1"]), 1);
}

#[tokio::test]
async fn what_would_break_a_name_or_says_nothing_is_refused() {
    let sentinels = || SentinelConfig::new("main", ["redis://127.0.0.1:26379"]);
    let config = RedisConfig::default;
    for (config, field) in [
        (config().prefix("a{b"), "prefix"),
        (config().prefix("a}b"), "prefix"),
        (config().prefix("a b"), "prefix"),
        (config().prefix("a\nb"), "prefix"),
        (config().sentinel(SentinelConfig::new("", ["redis://127.0.0.1"])), "sentinel.primary"),
        (config().sentinel(SentinelConfig::new("main", [""; 0])), "sentinel.sentinels"),
        (config().sentinel(sentinels()).cluster(["redis://127.0.0.1"]), "sentinel"),
        (config().cluster([""]), "cluster"),
        (config().buckets(0), "buckets"),
    ] {
        let error = Cache::builder("test").redis(config.clone()).build().await.unwrap_err();
        let CacheError::Config { source, .. } = error else { unreachable!("{error} for {config:?}") };
        assert_eq!(source.field, field, "{source}");
    }
    for config in [
        config().cluster(["redis://127.0.0.1", "nonsense"]),
        config().sentinel(SentinelConfig::new("main", ["nonsense"])),
    ] {
        let error = Cache::builder("test").redis(config).build().await.unwrap_err();
        assert!(matches!(error, CacheError::Redis { .. }), "{error}");
    }
}

/// The certificates in `tests/tls` are for this test alone: an authority, and a server it vouches for until 2126.
#[cfg(feature = "redis-tls")]
mod tls {
    use std::process::Command;

    use super::{Redis, RedisConfig, Source, load, node};

    const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");
    const SERVER: &str = "MAINSTAY_TEST_TLS_PORT";

    fn free_port() -> u16 {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    /// Runs the test below in a process of its own, for which authorities it trusts stands in its environment.
    fn trusting(authorities: &str, port: u16) -> bool {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "tls::as_another_process", "--include-ignored"]);
        test.env("SSL_CERT_FILE", authorities).env_remove("SSL_CERT_DIR").env(SERVER, port.to_string());
        let done = test.output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(text.contains("running 1 test"), "{text}");
        done.status.success()
    }

    #[test]
    fn a_server_is_spoken_to_over_tls_if_its_authority_is_trusted() {
        let port = free_port();
        let redis = Redis::builder().args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
        let redis = redis.args(["--tls-cert-file".to_owned(), format!("{FILES}/server.pem")]);
        let redis = redis.args(["--tls-key-file".to_owned(), format!("{FILES}/server.key")]);
        let redis = redis.args(["--tls-ca-cert-file".to_owned(), format!("{FILES}/authority.pem")]);
        let _redis = redis.start().unwrap();
        assert!(trusting(&format!("{FILES}/authority.pem"), port));
        // It vouches for itself alone.
        assert!(!trusting(&format!("{FILES}/server.pem"), port), "a stranger was trusted");
    }

    #[tokio::test]
    #[ignore = "run by the test above, in another environment"]
    async fn as_another_process() {
        let url = format!("rediss://localhost:{}", std::env::var(SERVER).unwrap());
        let (cache, values) = node(RedisConfig::new(url.clone())).await;
        assert!(cache.coherence().connected);
        assert_eq!(load(&values, 1, 1).await, (1, Source::Loader));
        assert_eq!(load(&node(RedisConfig::new(url)).await.1, 1, 2).await, (1, Source::L2));
    }
}
