#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! The auditor over a real Redis: what is written behind the cache's back is found, what traffic does is not.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mainstay_cache::auditor::{AuditConfig, Auditor, Incoherence};
use mainstay_cache::{Cache, RedisConfig, Region, RegionOptions};
use mainstay_testkit::redis::Redis;
use redis::AsyncCommands as _;

const KEYS: usize = 16;
/// Where `born` lies in a stored value.
const BORN: std::ops::Range<usize> = 20..28;

async fn node(redis: &Redis) -> (Cache, Region<u64, u64>) {
    let config = RedisConfig::new(redis.url()).command_timeout(Duration::from_millis(500));
    let cache = Cache::builder("test").redis(config).build().await.unwrap();
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

fn often() -> AuditConfig {
    AuditConfig::default().every(Duration::from_millis(50)).grace(Duration::from_millis(500))
}

#[tokio::test]
async fn what_is_written_to_redis_behind_the_caches_back_is_found() {
    let redis = Redis::start().unwrap();
    let (cache, values) = node(&redis).await;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let stored = "mainstay:test:v:k:1";

    values.set(&1, 2).await.unwrap();
    let mut two: Vec<u8> = connection.get(stored).await.unwrap();
    values.set(&1, 1).await.unwrap();
    let one: Vec<u8> = connection.get(stored).await.unwrap();
    let born = u64::from_be_bytes(one[BORN].try_into().unwrap());
    two[BORN].copy_from_slice(&(born + 1).to_be_bytes());
    let () = connection
        .set_options(stored, two, redis::SetOptions::default().with_expiration(redis::SetExpiry::KEEPTTL))
        .await
        .unwrap();
    assert_eq!(values.get_cached(&1).as_deref(), Some(&1), "nobody told memory");

    let auditor = Auditor::start(&cache, often()).unwrap();
    let began = Instant::now();
    while auditor.findings().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", auditor.report());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(3_500), "the promise is 2 s, a command may take 500 ms");
    let finding = auditor.findings().remove(0);
    assert_eq!((finding.kind, &*finding.of.key), (Incoherence::MemoryOlderThanRedis, "k:1"));
    assert_eq!(finding.redis.unwrap().born, born + 1);
}

/// Two nodes read, write, set and invalidate the same few keys, with versions of their source.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_on_two_nodes_is_no_finding() {
    let redis = Redis::start().unwrap();
    let nodes = [node(&redis).await, node(&redis).await];
    let truth: Arc<[AtomicU64; KEYS]> = Arc::default();
    truth.iter().for_each(|truth| truth.store(1, Ordering::SeqCst));
    let auditors = nodes.each_ref().map(|(cache, _)| {
        let truth = truth.clone();
        let versioned = Auditor::start_with_source(cache, often(), move |audited| {
            let version = truth[audited.parse::<usize>().unwrap()].load(Ordering::SeqCst);
            async move { Some(version) }
        });
        [versioned.unwrap(), Auditor::start(cache, often()).unwrap()]
    });
    let ends = Instant::now() + Duration::from_secs(9);
    let mut tasks = Vec::new();
    for (n, (_, values)) in nodes.iter().enumerate() {
        let (values, truth) = (values.clone(), truth.clone());
        tasks.push(tokio::spawn(async move {
            let mut random = fastrand::Rng::with_seed(n as u64);
            while Instant::now() < ends {
                // The higher a key, the more seldom it is written.
                let (at, dice) = (random.usize(..KEYS), random.usize(..400));
                let key = at as u64;
                if dice < KEYS - at {
                    let version = truth[at].fetch_add(1, Ordering::SeqCst) + 1;
                    let _ = values.invalidate_version(&key, version).await;
                } else if dice < 2 * (KEYS - at) {
                    let version = truth[at].fetch_add(1, Ordering::SeqCst) + 1;
                    let _ = values.set_versioned(&key, version, version).await;
                } else {
                    let truth = truth.clone();
                    let load = values.get_or_load(&key, move |cx| async move {
                        let version = truth[at].load(Ordering::SeqCst);
                        cx.version(version);
                        Ok::<_, Infallible>(version)
                    });
                    let _ = load.await;
                }
                if dice % 8 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for auditor in auditors.iter().flatten() {
        let report = auditor.report();
        assert_eq!(report.incoherent(), 0, "{report:?} {:#?}", auditor.findings());
        assert!(report.checked > 10 && report.rounds > 0, "{report:?}");
    }
}
