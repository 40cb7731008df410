#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "redis")]
//! The load budget that nodes share, over a real Redis.

use std::time::{Duration, Instant};

use futures::future::join;
use mainstay_cache::{Cache, FleetRateConfig, LoadBudget, LoadError, RedisConfig, Region, RegionOptions};
use mainstay_testkit::redis::Redis;

const HOUR: Duration = Duration::from_secs(3_600);

/// Four loads at once, and then none for an hour.
fn four() -> LoadBudget {
    let rate = FleetRateConfig::default().permits(1).period(HOUR).burst(4);
    LoadBudget::default().wait(Duration::from_millis(500)).fleet(rate)
}

async fn node(redis: &Redis, budget: LoadBudget) -> Region<u64, u64> {
    let config = RedisConfig::new(redis.url()).command_timeout(Duration::from_millis(300));
    let cache = Cache::builder("test").redis(config).load_budget(budget).build().await.unwrap();
    cache.region("k", RegionOptions::default()).unwrap()
}

async fn load(values: &Region<u64, u64>, key: u64) -> Result<u64, LoadError<&'static str>> {
    values.get_or_load(&key, move |_| async move { Ok(key) }).await.map(|value| *value)
}

#[tokio::test]
async fn two_nodes_begin_no_more_loads_than_the_fleet_may() {
    let redis = Redis::start().unwrap();
    let nodes = [node(&redis, four()).await, node(&redis, four()).await];
    let mut granted = [0, 0];
    for key in 0..8 {
        let at = usize::try_from(key % 2).unwrap();
        match load(&nodes[at], key).await {
            Ok(value) => {
                assert_eq!(value, key);
                granted[at] += 1;
            }
            Err(LoadError::BudgetExhausted { retry_after, .. }) => {
                assert!(retry_after.unwrap() > HOUR / 2, "{retry_after:?}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(granted, [2, 2], "four together, however they come");
    assert_eq!(nodes[0].stats().budget_exhausted + nodes[1].stats().budget_exhausted, 4);
    assert_eq!(load(&nodes[1], 0).await.unwrap(), 0, "what a node loaded the other reads without a load");
}

#[tokio::test]
async fn without_redis_the_process_own_budget_holds_alone() {
    let redis = Redis::start().unwrap();
    let budget = four().in_process(1).queue(0);
    let values = node(&redis, budget).await;
    for key in 0..4 {
        load(&values, key).await.unwrap();
    }
    assert!(load(&values, 4).await.unwrap_err().is_budget_exhausted());
    redis.kill();
    let began = Instant::now();
    for key in 10..30 {
        assert_eq!(load(&values, key).await.unwrap(), key);
    }
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "only the first waits for Redis: {:?}",
        began.elapsed()
    );
    let slow = values.get_or_load(&40, |_| async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok::<_, &'static str>(40)
    });
    let second = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        load(&values, 41).await
    };
    let (first, second) = join(slow, second).await;
    assert!(first.is_ok() && second.unwrap_err().is_budget_exhausted());

    redis.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut key = 100;
    while load(&values, key).await.is_ok() {
        assert!(Instant::now() < deadline, "the fleet's budget is back with Redis");
        key += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_when_the_cache_is_built() {
    let alone = Cache::builder("test").load_budget(four()).build().await.unwrap_err().to_string();
    assert!(alone.contains("load_budget.fleet") && alone.contains("without a Redis layer"), "{alone}");
    let none = LoadBudget::default().fleet(FleetRateConfig::per_second(0));
    let refused = Cache::builder("test").redis(RedisConfig::default()).load_budget(none).build().await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("load_budget.fleet") && refused.contains("permits"), "{refused}");
}
