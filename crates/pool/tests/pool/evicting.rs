//! Connections that are removed by hand.

use std::pin::pin;

use futures::poll;
use mainstay_pool::{Guard, Pool};

use crate::fake::{Act, Fake, Handle, config, secs, settle};

async fn take(pool: &Pool<Handle>, count: usize) -> Vec<Guard<Handle>> {
    let mut guards = Vec::new();
    for _ in 0..count {
        guards.push(pool.get().await.unwrap());
    }
    guards
}

#[tokio::test(start_paused = true)]
async fn retain_closes_the_idle_that_are_refused_and_keeps_the_order_of_the_others() {
    let fake = Fake::new();
    let pool = fake.pool(config(5));
    let mut out = take(&pool, 5).await;
    let held = out.pop().unwrap();
    for guard in out {
        tokio::time::advance(secs(1)).await;
        drop(guard);
    }
    let mut ages = Vec::new();
    let removed = pool.retain(|connection, age| {
        ages.push(age);
        connection.id % 2 == 0
    });
    assert_eq!((removed, pool.status().idle, pool.status().in_use, fake.open()), (2, 2, 1, 3));
    assert_eq!(ages, [secs(4); 4]);
    assert_eq!([pool.get().await.unwrap().id, held.id], [2, 4], "the last used comes first");
}

#[tokio::test(start_paused = true)]
async fn a_predicate_that_panics_costs_one_connection() {
    let fake = Fake::new();
    let pool = fake.pool(config(3));
    drop(take(&pool, 3).await);
    let removed = pool.retain(|connection, _| {
        assert_ne!(connection.id, 1, "over this one");
        true
    });
    assert_eq!((removed, pool.status().idle, pool.status().in_use, fake.open()), (1, 2, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_predicate_may_use_the_pool() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    drop(take(&pool, 2).await);
    pool.retain(|_, _| {
        assert_eq!(pool.status().size, 2);
        assert!(pool.try_get().is_none_or(|guard| guard.id == 0), "what it has not kept yet is out");
        true
    });
    assert_eq!(pool.status().idle, 2);
}

#[tokio::test(start_paused = true)]
async fn evicting_all_closes_the_idle_now_and_the_others_as_they_come_back() {
    let fake = Fake::new();
    let pool = fake.pool(config(3));
    let mut out = take(&pool, 3).await;
    drop(out.pop());
    pool.evict_all();
    assert_eq!((pool.status().idle, fake.open()), (0, 2));
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    drop(out);
    assert_eq!(fake.open(), 0);
    assert_eq!(waiter.await.unwrap().id, 3, "a new one");
    assert_eq!((pool.status().idle, pool.status().size), (1, 1), "which stays");
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_began_before_an_eviction_is_evicted_too() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Gated);
    let pool = fake.pool(config(2));
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    settle().await;
    pool.evict_all();
    fake.gate.add_permits(1);
    settle().await;
    assert!(poll!(waiter.as_mut()).is_pending(), "it led to the old server");
    assert_eq!((fake.open(), fake.connects()), (0, 2));
    fake.gate.add_permits(1);
    assert_eq!(waiter.await.unwrap().id, 1);
}

#[tokio::test(start_paused = true)]
async fn evicting_all_refills_the_minimum() {
    let fake = Fake::new();
    let pool = fake.pool(config(4).min(2));
    pool.warm().await.unwrap();
    pool.evict_all();
    pool.warm().await.unwrap();
    assert_eq!((pool.status().idle, fake.connects(), fake.open()), (2, 4, 2));
}
