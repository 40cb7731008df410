//! The pool on a real PostgreSQL that is killed, silenced and restarted.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use mainstay_pool::managers::postgres::PostgresManager;
use mainstay_pool::{Observer, Pool, PoolConfig};
use mainstay_testkit::postgres::Postgres;
use sqlx::{Connection, Executor, PgConnection};

const TASKS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(2);
/// What a busy machine may add to a deadline; a pool that forgets its deadline waits for ever.
const SLACK: Duration = Duration::from_secs(8);

#[derive(Default)]
struct Connects(AtomicUsize);

impl Observer for Connects {
    fn connected(&self, _: Duration, _: bool) {
        self.0.fetch_add(1, SeqCst);
    }
}

type Watched = Pool<PostgresManager, Arc<Connects>>;

fn pool(server: &Postgres) -> (Watched, Arc<Connects>) {
    let config = PoolConfig::production()
        .min(2)
        .max(8)
        .acquire_timeout(PATIENCE)
        .check_timeout(Duration::from_millis(500))
        .reset_timeout(Duration::from_millis(500));
    let connects = Arc::new(Connects::default());
    let manager = PostgresManager::new(server.url().parse().unwrap());
    let pool = Pool::builder("app", manager, config).observer(Arc::clone(&connects)).build().unwrap();
    (pool, connects)
}

/// What the tasks have gone through since the last look.
#[derive(Default)]
struct Tally {
    stop: AtomicBool,
    served: AtomicUsize,
    failed: AtomicUsize,
    longest_ms: AtomicUsize,
}

impl Tally {
    fn take(&self) -> (usize, usize) {
        (self.served.swap(0, SeqCst), self.failed.swap(0, SeqCst))
    }
}

fn load(pool: &Watched) -> (Arc<Tally>, Vec<tokio::task::JoinHandle<()>>) {
    let tally = Arc::new(Tally::default());
    let tasks = (0..TASKS).map(|_| {
        let (pool, tally) = (pool.clone(), Arc::clone(&tally));
        tokio::spawn(async move {
            while !tally.stop.load(SeqCst) {
                let asked = Instant::now();
                let got = pool.get().await;
                tally.longest_ms.fetch_max(asked.elapsed().as_millis() as usize, SeqCst);
                let served = match got {
                    // A query has no time limit of its own: a silent server would keep its caller.
                    Ok(mut held) => matches!(
                        tokio::time::timeout(Duration::from_secs(1), held.execute("SELECT 1")).await,
                        Ok(Ok(_))
                    ),
                    Err(error) => {
                        assert!(error.is_timeout(), "{error}");
                        false
                    }
                };
                let count = if served { &tally.served } else { &tally.failed };
                count.fetch_add(1, SeqCst);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    });
    (Arc::clone(&tally), tasks.collect())
}

/// Waits until every one of the eight connections serves again; says how long that took.
async fn full_service(pool: &Watched, tally: &Tally) -> Duration {
    let returned = Instant::now();
    tally.take();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let status = pool.status();
        if tally.served.load(SeqCst) >= 2 * TASKS && status.size - status.connecting == status.max {
            return returned.elapsed();
        }
        assert!(returned.elapsed() < SLACK, "no full service yet: {status}");
    }
}

async fn backends(server: &Postgres) -> i64 {
    let mut other = PgConnection::connect(&server.url()).await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    sqlx::query_scalar(others).fetch_one(&mut other).await.unwrap()
}

async fn no_backend_is_left(server: &Postgres) {
    let asked = Instant::now();
    while backends(server).await > 0 {
        assert!(asked.elapsed() < SLACK, "{} backends are left", backends(server).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_meets_a_trickle_and_serves_again_when_it_is_back() {
    let server = Postgres::builder().setting("max_connections", "20").start().unwrap();
    let (pool, connects) = pool(&server);
    let (tally, tasks) = load(&pool);
    full_service(&pool, &tally).await;

    server.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = connects.0.load(SeqCst);
    tally.take();
    let outage = Duration::from_secs(4);
    tokio::time::sleep(outage).await;
    let tried = connects.0.load(SeqCst) - before;
    let (served, failed) = tally.take();
    // Half a second to a second apart by now, one at a time.
    assert!((1..=10).contains(&tried), "{tried} connects in {outage:?} of outage");
    assert_eq!(served, 0);
    assert!(failed >= TASKS, "everybody has been told: {failed}");

    server.restart().unwrap();
    println!("full service after {:?}", full_service(&pool, &tally).await);
    tally.stop.store(true, SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    let longest = Duration::from_millis(tally.longest_ms.load(SeqCst) as u64);
    println!("the longest wait was {longest:?}");
    assert!(longest < PATIENCE + SLACK);
    pool.close().await;
    no_backend_is_left(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_holds_nobody_and_is_found_again() {
    let server = Postgres::builder().setting("max_connections", "20").start().unwrap();
    let (pool, _) = pool(&server);
    let (tally, tasks) = load(&pool);
    full_service(&pool, &tally).await;
    server.pause();
    tokio::time::sleep(Duration::from_secs(3)).await;
    tally.take();
    tokio::time::sleep(PATIENCE + Duration::from_secs(2)).await;
    let (_, failed) = tally.take();
    assert!(failed >= TASKS, "everybody has been told: {failed}");
    server.resume();
    println!("full service after {:?}", full_service(&pool, &tally).await);
    tally.stop.store(true, SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    let longest = Duration::from_millis(tally.longest_ms.load(SeqCst) as u64);
    println!("the longest wait was {longest:?}");
    assert!(longest < PATIENCE + SLACK);
    pool.close().await;
    no_backend_is_left(&server).await;
}
