#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "redis"))]
//! An invalidation that is a row: there exactly if the data is, told whoever dies.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use mainstay_cache::invalidators::InvalidationPlan;
use mainstay_cache::outbox::{PostgresOutbox, RelayConfig, SqliteOutbox};
use mainstay_cache::{Cache, RedisConfig, Region, RegionOptions};
use mainstay_testkit::postgres::Postgres;
use mainstay_testkit::redis::Redis;
use sqlx::{Connection as _, PgPool, SqlitePool};

async fn memory() -> (Cache, Region<u64, i64>) {
    let cache = Cache::builder("shop").build().await.unwrap();
    let homes = cache.region("home", RegionOptions::default()).unwrap();
    (cache, homes)
}

async fn over(redis: &Redis) -> (Cache, Region<u64, i64>) {
    let config = RedisConfig::new(redis.url()).command_timeout(Duration::from_millis(500));
    let cache = Cache::builder("shop").redis(config).build().await.unwrap();
    let homes = cache.region("home", RegionOptions::default()).unwrap();
    (cache, homes)
}

fn plan() -> InvalidationPlan {
    InvalidationPlan::new().key("home", &7_u64)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_row_of_a_rolled_back_transaction_was_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("shop.db").display());
    let pool = SqlitePool::connect(&url).await.unwrap();
    let (cache, homes) = memory().await;
    let outbox = SqliteOutbox::open(&cache, pool.clone()).await.unwrap();
    homes.set(&7, 1).await.unwrap();

    let mut transaction = pool.begin().await.unwrap();
    outbox.add(&mut transaction, &plan()).await.unwrap();
    transaction.rollback().await.unwrap();
    let relay = outbox.relay(&cache, RelayConfig::default().every(Duration::from_millis(10))).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((relay.told(), homes.get_cached(&7).as_deref()), (0, Some(&1)));

    let mut transaction = pool.begin().await.unwrap();
    outbox.add(&mut transaction, &plan()).await.unwrap();
    transaction.commit().await.unwrap();
    until("the relay tells it", async || relay.told() == 1).await;
    assert_eq!(homes.get_cached(&7), None);
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM mainstay_outbox").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_nudge_does_not_wait_for_the_next_look() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    let (cache, homes) = memory().await;
    let outbox = SqliteOutbox::open(&cache, pool.clone()).await.unwrap();
    let relay = outbox.relay(&cache, RelayConfig::default().every(Duration::from_secs(3_600))).unwrap();
    homes.set(&7, 1).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut transaction = pool.begin().await.unwrap();
    outbox.add(&mut transaction, &plan()).await.unwrap();
    transaction.commit().await.unwrap();
    relay.nudge();
    until("it was nudged", async || homes.get_cached(&7).is_none()).await;
}

/// The writer's node dies between its commit and its invalidation: another node's relay tells it, to every node.
#[tokio::test]
async fn what_a_dead_node_committed_is_told_by_another() {
    let (redis, postgres) = (Redis::start().unwrap(), Postgres::start().unwrap());
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    let ((one, here), (_other, there)) = (over(&redis).await, over(&redis).await);
    here.get_or_load(&7, |_| async { Ok::<_, Infallible>(1) }).await.unwrap();
    assert_eq!(there.get(&7).await.as_deref(), Some(&1));
    let outbox = PostgresOutbox::open(&one, pool.clone()).await.unwrap();

    let mut writer = sqlx::PgConnection::connect(&postgres.url()).await.unwrap();
    let mut transaction = writer.begin().await.unwrap();
    outbox.add(&mut transaction, &plan()).await.unwrap();
    transaction.commit().await.unwrap();
    drop(writer);

    let relays = [(); 2].map(|()| outbox.relay(&one, RelayConfig::default()).unwrap());
    until("all nodes hear of it", async || here.get_cached(&7).is_none() && there.get_cached(&7).is_none())
        .await;
    assert_eq!(there.get(&7).await, None, "Redis too");
    until("it is told once and deleted", async || {
        let rows: i64 =
            sqlx::query_scalar("SELECT count(*) FROM mainstay_outbox").fetch_one(&pool).await.unwrap();
        rows == 0
    })
    .await;
    assert_eq!(relays.iter().map(mainstay_cache::outbox::Relay::told).sum::<u64>(), 1);
}

/// Redis is away: the row stays until Redis has acknowledged.
#[tokio::test]
async fn a_row_stays_until_every_layer_has_acknowledged() {
    let (redis, postgres) = (Redis::start().unwrap(), Postgres::start().unwrap());
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    let (cache, _homes) = over(&redis).await;
    let outbox = PostgresOutbox::open(&cache, pool.clone()).await.unwrap();
    let relay = outbox.relay(&cache, RelayConfig::default().every(Duration::from_millis(20))).unwrap();
    redis.kill();
    let mut connection = pool.acquire().await.unwrap();
    outbox.add(&mut connection, &plan()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let count = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM mainstay_outbox").fetch_one(&pool).await.unwrap()
    };
    assert_eq!((relay.told(), count().await), (0, 1));
    redis.restart().unwrap();
    until("it is told when Redis is back", async || count().await == 0).await;
    assert_eq!(relay.told(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_concerns_everything() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    let (cache, homes) = memory().await;
    let outbox = SqliteOutbox::open(&cache, pool.clone()).await.unwrap();
    homes.set(&7, 1).await.unwrap();
    sqlx::query("INSERT INTO mainstay_outbox (cache, message) VALUES ('shop', 'nonsense')")
        .execute(&pool)
        .await
        .unwrap();
    let _relay = outbox.relay(&cache, RelayConfig::default()).unwrap();
    until("it was told", async || homes.get_cached(&7).is_none()).await;
    let refused = outbox.relay(&cache, RelayConfig::default().batch(0)).unwrap_err();
    assert!(refused.to_string().contains("batch is 0"), "{refused}");
}
