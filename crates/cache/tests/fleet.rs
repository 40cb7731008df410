#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! A rate and a lock that several nodes share, over a real Redis.

use std::time::{Duration, Instant};

use mainstay_cache::fleet::{FleetError, FleetRateConfig};
use mainstay_cache::{Cache, CacheError, RedisConfig};
use mainstay_testkit::redis::Redis;

async fn node(redis: &Redis) -> Cache {
    Cache::builder("test").redis(RedisConfig::new(redis.url())).build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rate_is_the_fleets_and_not_each_nodes() {
    let redis = Redis::start().unwrap();
    let config = FleetRateConfig::per_second(200).burst(20);
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let rate = node(&redis).await.fleet_rate("valuer", &config).unwrap();
        tasks.spawn(async move {
            let mut granted = 0_u32;
            while began.elapsed() < Duration::from_secs(1) {
                match rate.acquire().await {
                    Ok(()) => granted += 1,
                    Err(FleetError::RateLimited { retry_after, .. }) => {
                        assert!(retry_after <= Duration::from_millis(10), "{retry_after:?}");
                        tokio::time::sleep(retry_after).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            granted
        });
    }
    let granted: u32 = tasks.join_all().await.into_iter().sum();
    let most = 20.0 + 200.0 * began.elapsed().as_secs_f64();
    assert!(f64::from(granted) <= most.ceil(), "{granted} of at most {most}");
    assert!(granted >= 150, "{granted}: the rate is used");
}

#[tokio::test]
async fn more_than_the_burst_is_never_granted_and_nothing_is_taken() {
    let redis = Redis::start().unwrap();
    let rate = node(&redis).await.fleet_rate("valuer", &FleetRateConfig::per_second(1).burst(3)).unwrap();
    assert!(matches!(rate.acquire_many(4).await, Err(FleetError::RateLimited { .. })));
    rate.acquire_many(3).await.unwrap();
    let refused = rate.acquire().await.unwrap_err();
    assert!(refused.retry_after().unwrap() > Duration::from_millis(500), "{refused}");
}

#[tokio::test]
async fn one_holds_the_lock_and_its_token_grows() {
    let redis = Redis::start().unwrap();
    let [here, there] = [node(&redis).await, node(&redis).await]
        .map(|cache| cache.fleet_lock("nightly", Duration::from_millis(300)).unwrap());
    let mut first = here.try_acquire().await.unwrap();
    let held = there.try_acquire().await.unwrap_err();
    assert!(held.retry_after().unwrap() <= Duration::from_millis(300), "{held}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    first.prolong().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(there.try_acquire().await.is_err(), "it was prolonged");

    let fence = first.fence();
    first.release().await.unwrap();
    let mut second = there.try_acquire().await.unwrap();
    assert!(second.fence() > fence);
    tokio::time::sleep(Duration::from_millis(350)).await;
    let third = here.try_acquire().await.unwrap();
    assert!(matches!(second.prolong().await, Err(FleetError::Lost { .. })), "it ended, and another holds it");
    drop(second);
    drop(third);
    let deadline = Instant::now() + Duration::from_secs(5);
    while there.try_acquire().await.is_err() {
        assert!(Instant::now() < deadline, "dropping gives it back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn without_redis_the_caller_is_told() {
    let redis = Redis::start().unwrap();
    let cache = node(&redis).await;
    let rate = cache.fleet_rate("valuer", &FleetRateConfig::default()).unwrap();
    redis.kill();
    assert!(rate.acquire().await.unwrap_err().is_away());
    let alone = Cache::builder("alone").build().await.unwrap();
    let refused = alone.fleet_rate("valuer", &FleetRateConfig::default()).unwrap_err();
    assert!(matches!(refused, CacheError::Redis { .. }), "{refused}");
    let out_of_range = cache.fleet_rate("valuer", &FleetRateConfig::per_second(0)).unwrap_err();
    assert!(out_of_range.to_string().contains("permits"), "{out_of_range}");
}
