//! The monitor over pools of other crates.

use std::convert::Infallible;
use std::sync::Arc;

use mainstay_pool::monitor::{Gauges, HealthConfig, Issue, Monitor, MonitorConfig};

use crate::fake::settle;

struct Numbers;

impl deadpool::managed::Manager for Numbers {
    type Type = u32;
    type Error = Infallible;

    async fn create(&self) -> Result<u32, Infallible> {
        Ok(7)
    }

    async fn recycle(
        &self,
        _: &mut u32,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Numbers {
    type Connection = u32;
    type Error = Infallible;

    async fn connect(&self) -> Result<u32, Infallible> {
        Ok(7)
    }

    async fn is_valid(&self, _: &mut u32) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u32) -> bool {
        false
    }
}

#[tokio::test]
async fn a_deadpool_is_watched_by_a_closure() {
    let pool = deadpool::managed::Pool::<Numbers>::builder(Numbers).max_size(2).build().unwrap();
    let monitor = Monitor::new(
        "deadpool",
        {
            let pool = pool.clone();
            move || {
                let status = pool.status();
                Gauges::new(status.size, status.available, status.max_size).waiting(status.waiting)
            }
        },
        MonitorConfig::default(),
    )
    .unwrap();
    let held = (pool.get().await.unwrap(), pool.get().await.unwrap());
    assert_eq!(monitor.gauges(), Gauges::new(2, 0, 2).waiting(0));
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get().await.map(drop).unwrap() }
    });
    settle().await;
    let health = monitor.health(&HealthConfig::default());
    assert_eq!(health.issues, [Issue::Exhausted { in_use: 2, waiting: 1 }]);
    drop(held);
    waiter.await.unwrap();
    assert!(monitor.health(&HealthConfig::default()).healthy);
}

#[tokio::test]
async fn a_bb8_is_watched_by_a_closure() {
    let pool = bb8::Pool::builder().max_size(4).build(Numbers).await.unwrap();
    let monitor = Monitor::new(
        "bb8",
        {
            let pool = pool.clone();
            move || {
                let state = pool.state();
                Gauges::new(state.connections as usize, state.idle_connections as usize, 4)
            }
        },
        MonitorConfig::default(),
    )
    .unwrap();
    let held = pool.get().await.unwrap();
    let gauges = monitor.gauges();
    assert_eq!((gauges.size, gauges.in_use, gauges.max), (1, 1, 4));
    assert!((gauges.utilisation() - 0.25).abs() < 1e-9);
    drop(held);
    assert_eq!(monitor.gauges().in_use, 0);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_pool_of_sqlx_is_watched_as_it_is() {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(3);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    let monitor = Monitor::new("sqlx", pool.clone(), MonitorConfig::default()).unwrap();
    let held = pool.acquire().await.unwrap();
    assert_eq!(monitor.gauges(), Gauges::new(1, 0, 3));
    drop(held);
    pool.close().await;
    assert_eq!(monitor.gauges().in_use, 0);
}

#[tokio::test]
async fn a_monitor_is_shared_between_threads() {
    let monitor = Arc::new(Monitor::new("none", Gauges::default, MonitorConfig::default()).unwrap());
    let other = Arc::clone(&monitor);
    tokio::task::spawn_blocking(move || other.read()).await.unwrap();
    assert_eq!((monitor.history().len(), monitor.utilisation()), (1, 0.0));
}
