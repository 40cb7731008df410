#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! The options whose effect lies in Redis, against a real server and two nodes.

use std::time::{Duration, Instant};

use mainstay_cache::{
    Cache, CacheError, FailSafe, Freshness, LayerOptions, Loaded, RedisConfig, Region, RegionOptions, Why,
};
use mainstay_testkit::redis::Redis;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

async fn node(redis: &Redis, options: &RegionOptions) -> (Cache, Region<str, u32>) {
    let config = RedisConfig::new(redis.url()).command_timeout(ms(1_000));
    let cache = Cache::builder("test").redis(config).build().await.unwrap();
    let region = cache.region("k", options.clone()).unwrap();
    (cache, region)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(ms(5)).await;
    }
}

async fn answer(
    values: &Region<str, u32>,
    loaded: Result<Loaded<u32>, &'static str>,
) -> Option<(u32, Freshness)> {
    let load = values.get_or_load_hit("a", move |cx| async move {
        cx.etag("e1");
        loaded
    });
    load.await.ok().map(|hit| (*hit.value, hit.freshness))
}

#[tokio::test]
async fn absences_lie_in_redis_for_all_nodes() {
    let redis = Redis::start().unwrap();
    let options = RegionOptions::default().negative_ttl(Duration::from_secs(60));
    let ((_one, here), (_other, there)) = (node(&redis, &options).await, node(&redis, &options).await);
    let absent = here.get_or_load_optional("a", |_| async { Ok::<_, &'static str>(None::<u32>) });
    assert_eq!(absent.await.unwrap(), None);
    let known = there.get_or_load_optional("a", |_| async { Err::<u32, _>("not asked") });
    assert_eq!(known.await.unwrap(), None);
    assert_eq!(there.stats().loads, 0);
}

#[tokio::test]
async fn a_value_past_its_soft_time_is_renewed_for_all_nodes_and_an_etag_travels() {
    let redis = Redis::start().unwrap();
    let options = RegionOptions::default().soft_ttl(ms(300)).ttl(Duration::from_secs(60));
    let ((_one, here), (_other, there)) = (node(&redis, &options).await, node(&redis, &options).await);
    assert_eq!(answer(&here, Ok(Loaded::Value(1))).await, Some((1, Freshness::Fresh)));
    tokio::time::sleep(ms(350)).await;
    // The other node finds it stale in Redis, serves it, and renews it behind its reader, knowing its etag.
    let refreshing = Freshness::Stale { why: Why::Refreshing };
    let (known, knows) = tokio::sync::oneshot::channel();
    let load = there.get_or_load_hit("a", |cx| async move {
        let _ = known.send((cx.stale_etag().map(str::to_owned), cx.stale::<u32>().map(|value| *value)));
        Ok::<_, &'static str>(Loaded::NotModified)
    });
    let hit = load.await.unwrap();
    assert_eq!((*hit.value, hit.freshness), (1, refreshing));
    assert_eq!(knows.await.unwrap(), (Some("e1".to_owned()), Some(1)));
    let fresh = async || there.get_hit("a").await.is_some_and(|hit| hit.freshness == Freshness::Fresh);
    until("it was renewed", fresh).await;
    tokio::time::sleep(ms(350)).await;
    assert_eq!(answer(&here, Ok(Loaded::Value(2))).await, Some((1, refreshing)));
    until("renewed behind the reader", async || here.get("a").await.as_deref() == Some(&2)).await;
}

#[tokio::test]
async fn fail_safe_finds_in_redis_what_is_past_its_time_and_nothing_that_was_invalidated() {
    let redis = Redis::start().unwrap();
    let fail_safe = FailSafe::default().throttle(ms(50));
    let options = RegionOptions::default().ttl(ms(200)).fail_safe(fail_safe);
    let ((_one, here), (_other, there)) = (node(&redis, &options).await, node(&redis, &options).await);
    answer(&here, Ok(Loaded::Value(1))).await;
    tokio::time::sleep(ms(250)).await;
    let failed = Freshness::Stale { why: Why::LoaderFailed };
    assert_eq!(answer(&there, Err("no database")).await, Some((1, failed)));
    let _ = here.invalidate("a").await;
    until("the other node heard of it", async || there.peek("a").is_none()).await;
    assert_eq!(answer(&there, Err("no database")).await, None);
    assert_eq!(answer(&here, Err("no database")).await, None);
}

#[tokio::test]
async fn what_slides_lives_on_in_redis_while_one_node_reads_it() {
    let redis = Redis::start().unwrap();
    let options = RegionOptions::default().sliding(ms(1_000));
    let ((_one, here), (_other, there)) = (node(&redis, &options).await, node(&redis, &options).await);
    answer(&here, Ok(Loaded::Value(1))).await;
    for _ in 0..8 {
        tokio::time::sleep(ms(300)).await;
        assert!(here.get_cached("a").is_some());
    }
    assert_eq!(there.get("a").await.as_deref(), Some(&1), "after more than two idle times");
    tokio::time::sleep(ms(1_100)).await;
    assert!(here.get("a").await.is_none() && there.get("a").await.is_none());
}

#[tokio::test]
async fn redis_keeps_no_longer_than_its_cap_and_no_older_version() {
    let redis = Redis::start().unwrap();
    let options = RegionOptions::default().layers(LayerOptions::default().l2_ttl(ms(300)));
    let ((_one, here), (_other, there)) = (node(&redis, &options).await, node(&redis, &options).await);
    here.set("a", 1).await.unwrap();
    tokio::time::sleep(ms(350)).await;
    assert!(there.get("a").await.is_none() && here.get("a").await.is_some());

    here.set_versioned("b", 7, 7).await.unwrap();
    let error = there.set_versioned("b", 5, 5).await.unwrap_err();
    assert!(matches!(error, CacheError::Outdated { version: 5, .. }), "{error}");
    assert_eq!(there.get("b").await.as_deref(), Some(&7));
}
