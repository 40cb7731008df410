//! How many connects are started, and for whom.

use futures::future::join_all;
use std::pin::pin;

use futures::poll;

use crate::fake::{Act, Fake, config, ms, secs, settle};

/// HikariCP#774, #776: a burst built connections for callers whom a return had served in the meantime.
#[tokio::test(start_paused = true)]
async fn a_connect_is_elided_when_a_return_serves_the_caller_first() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let held = pool.get().await.unwrap();
    let mut second = pin!(pool.get());
    assert!(poll!(second.as_mut()).is_pending());
    assert_eq!(pool.status().connecting, 1, "counted before it has run");
    drop(held);
    assert!(second.await.is_ok());
    settle().await;
    assert_eq!((fake.connects(), pool.status().connecting, pool.status().size), (1, 0, 1));
}

/// HikariCP's "Welcome to the Jungle": connect 150 ms, query 2 ms, five idle, fifty callers at once.
#[tokio::test(start_paused = true)]
async fn a_burst_of_short_queries_does_not_grow_the_pool() {
    let fake = Fake::new();
    let pool = fake.pool(config(50).min(5));
    pool.warm().await.unwrap();
    fake.set(&fake.connect, Act::Take(ms(150)));
    let started = tokio::time::Instant::now();
    join_all((0..50).map(|_| async {
        let _guard = pool.get().await.unwrap();
        tokio::time::sleep(ms(2)).await;
    }))
    .await;
    assert!(started.elapsed() <= ms(30), "{:?}", started.elapsed());
    tokio::time::sleep(secs(1)).await;
    assert!(pool.status().size <= 7, "five and what was under way: {}", pool.status());
}

/// sqlx#2848: a caller bound to its connect never looked at the idle connections again.
#[tokio::test(start_paused = true)]
async fn a_caller_whose_connect_hangs_is_served_by_a_return() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let held = pool.get().await.unwrap();
    fake.set(&fake.connect, Act::Hang);
    let mut caller = pin!(pool.get());
    assert!(poll!(caller.as_mut()).is_pending());
    tokio::time::sleep(ms(500)).await;
    assert_eq!((fake.connects(), pool.status().connecting), (2, 1));
    drop(held);
    assert_eq!(caller.await.unwrap().id, 0);
}

#[tokio::test(start_paused = true)]
async fn connects_under_way_are_bounded() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Gated);
    let pool = fake.pool(config(10).max_connecting(3));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.get().await.unwrap() })
        })
        .collect();
    settle().await;
    assert_eq!((fake.connects(), pool.status().connecting, pool.status().waiting), (3, 3, 8));
    fake.gate.add_permits(1);
    settle().await;
    assert_eq!((fake.connects(), pool.status().connecting, pool.status().in_use), (4, 3, 1));
    fake.gate.add_permits(7);
    let guards: Vec<_> = join_all(callers).await.into_iter().map(Result::unwrap).collect();
    assert_eq!((guards.len(), fake.connects(), fake.open()), (8, 8, 8));
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_connects_than_waiters() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Gated);
    let pool = fake.pool(config(10).max_connecting(5));
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    settle().await;
    assert_eq!(fake.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_hangs_is_given_up_and_tried_again() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Hang);
    let pool = fake.pool(config(1).connect_timeout(secs(1)));
    let caller = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get().await.map(|guard| guard.id) }
    });
    tokio::time::sleep(ms(900)).await;
    fake.set(&fake.connect, Act::Succeed);
    assert_eq!(caller.await.unwrap().unwrap(), 1, "the second attempt");
}

/// pgx#1881: the first callers of the day paid for the connects.
#[tokio::test(start_paused = true)]
async fn the_minimum_is_connected_without_a_caller() {
    let fake = Fake::new();
    let pool = fake.pool(config(10).min(3));
    pool.warm().await.unwrap();
    assert_eq!((pool.status().idle, fake.connects()), (3, 3));
    let mut lost = pool.get().await.unwrap();
    lost.broken();
    drop(lost);
    settle().await;
    assert_eq!((pool.status().idle, fake.connects(), fake.open()), (3, 4, 3), "and kept");
}

#[tokio::test(start_paused = true)]
async fn a_pool_connects_its_minimum_even_if_nobody_warms_it() {
    let fake = Fake::new();
    let pool = fake.pool(config(10).min(2));
    settle().await;
    assert_eq!(pool.status().idle, 2);
}

#[tokio::test(start_paused = true)]
async fn warming_a_pool_whose_server_is_away_times_out_with_the_reason() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(10).min(2).acquire_timeout(secs(1)));
    let error = pool.warm().await.unwrap_err();
    assert_eq!(error.status().unwrap().last_connect_error.as_deref(), Some("server is away"));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_pool_stops_connecting() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(10).min(2));
    tokio::time::sleep(secs(60)).await;
    assert!(fake.connects() > 5, "it kept trying while somebody held it");
    drop(pool);
    let before = fake.connects();
    tokio::time::sleep(secs(60)).await;
    assert_eq!(fake.connects(), before);
    assert_eq!(std::sync::Arc::strong_count(&fake), 1, "nothing of the pool is left");
}
