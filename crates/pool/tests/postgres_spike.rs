//! A burst of callers on a real PostgreSQL.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use mainstay_pool::managers::postgres::PostgresManager;
use mainstay_pool::{Condition, Manager, Pool, PoolConfig};
use mainstay_testkit::postgres::Postgres;
use sqlx::{Executor, PgConnection};

/// A server that is far away to those who are new.
struct Slow {
    manager: PostgresManager,
    connects: Arc<AtomicUsize>,
}

impl Manager for Slow {
    type Connection = PgConnection;
    type Error = sqlx::Error;

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.connects.fetch_add(1, SeqCst);
        tokio::time::sleep(Duration::from_millis(150)).await;
        self.manager.connect().await
    }

    async fn check(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.manager.check(connection).await
    }

    fn condition(&self, connection: &PgConnection) -> Condition {
        self.manager.condition(connection)
    }

    async fn reset(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.manager.reset(connection).await
    }
}

/// HikariCP's spike test: a connect takes 150 ms, a query 2 ms, and fifty callers come at once to five idle connections. Pools whose callers
/// connect themselves end with 40 to 45 connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_callers_does_not_become_a_burst_of_connections() {
    let server = Postgres::start().unwrap();
    let connects = Arc::new(AtomicUsize::new(0));
    let manager = PostgresManager::new(server.url().parse().unwrap());
    let manager = Slow { manager, connects: Arc::clone(&connects) };
    let pool = Pool::new("app", manager, PoolConfig::production().min(5).max(50)).unwrap();
    pool.warm().await.unwrap();
    assert_eq!(connects.load(SeqCst), 5);
    let callers = (0..50).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move {
            pool.get().await.unwrap().execute("SELECT pg_sleep(0.002)").await.unwrap();
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    while pool.status().connecting > 0 || pool.status().in_use > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (size, connects) = (pool.status().size, connects.load(SeqCst));
    println!("{size} connections after the spike, {connects} connects begun");
    assert!(size <= 10 && connects <= 10, "{size} connections, {connects} connects");
    pool.close().await;
}
