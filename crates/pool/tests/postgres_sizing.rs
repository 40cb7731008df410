//! A pool that sizes itself, on a real PostgreSQL.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use mainstay_pool::managers::postgres::PostgresManager;
use mainstay_pool::monitor::{Monitor, MonitorConfig, Timings};
use mainstay_pool::sizing::{AdaptiveConfig, Reason, Sizer};
use mainstay_pool::{Pool, PoolConfig};
use mainstay_testkit::postgres::Postgres;
use sqlx::Executor;

/// What a busy machine may take.
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_too_many_connections_has_the_pool_shrink_and_serve_on() {
    let server = Postgres::builder()
        .setting("max_connections", "8")
        .setting("superuser_reserved_connections", "0")
        .start()
        .unwrap();
    let timings = Arc::new(Timings::default());
    let manager = PostgresManager::new(server.url().parse().unwrap());
    let config = PoolConfig::production().min(0).acquire_timeout(LIMIT);
    let pool = Pool::builder("app", manager, config).observer(Arc::clone(&timings)).build().unwrap();
    // Any number of connections would be needed: each is held for a while in the server.
    let config = AdaptiveConfig::default().max(40).window(Duration::from_millis(200)).min_samples(1);
    let sizer = Sizer::start(&pool, Arc::clone(&timings), config).unwrap();
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                while let Ok(mut held) = pool.get().await {
                    held.execute("SELECT pg_sleep(0.02)").await.unwrap();
                }
            })
        })
        .collect();

    let mut decisions = sizer.decisions();
    let refused = decisions.wait_for(|last| last.as_ref().is_some_and(|last| last.reason == Reason::Refused));
    let refused = tokio::time::timeout(LIMIT, refused).await.unwrap().unwrap().clone().unwrap();
    println!("{refused}");
    assert!(refused.to < 8, "{refused}");
    assert!(timings.totals().too_many > 0);
    let served = timings.totals().served;
    let goes_on = async {
        while timings.totals().served < served + 50 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, goes_on).await.expect("callers are served");
    pool.close().await;
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test]
async fn a_pool_of_sqlx_is_watched_as_it_is() {
    let server = Postgres::start().unwrap();
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(3);
    let pool = options.connect(&server.url()).await.unwrap();
    let monitor = Monitor::new("sqlx", pool.clone(), MonitorConfig::default()).unwrap();
    let held = pool.acquire().await.unwrap();
    let gauges = monitor.read().gauges;
    assert_eq!((gauges.size, gauges.in_use, gauges.max), (1, 1, 3));
    drop(held);
    pool.close().await;
    assert_eq!(monitor.gauges().in_use, 0);
}
