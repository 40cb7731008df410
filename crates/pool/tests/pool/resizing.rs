//! Growing and shrinking while connections are out.

use std::pin::pin;

use futures::poll;
use mainstay_pool::{ConfigError, Guard, Pool};

use crate::fake::{Act, Fake, Handle, config, settle};

async fn take(pool: &Pool<Handle>, count: usize) -> Vec<Guard<Handle>> {
    let mut guards = Vec::new();
    for _ in 0..count {
        guards.push(pool.get().await.unwrap());
    }
    guards
}

/// deadpool 0.13.1 let three more out here: max 4, take 4, `resize(1)`, `resize(4)`.
#[tokio::test(start_paused = true)]
async fn growth_pays_the_debt_of_a_shrink_first() {
    let fake = Fake::new();
    let pool = fake.pool(config(4));
    let mut out = take(&pool, 4).await;
    pool.resize(1).unwrap();
    assert_eq!((pool.status().size, pool.status().debt), (4, 3));
    pool.resize(4).unwrap();
    assert_eq!((pool.status().size, pool.status().debt), (4, 0));
    let mut fifth = pin!(pool.get());
    assert!(poll!(fifth.as_mut()).is_pending());
    settle().await;
    assert!(poll!(fifth.as_mut()).is_pending(), "no more than four may ever be out");
    assert_eq!((fake.connects(), fake.open()), (4, 4));
    out.pop();
    assert!(fifth.await.is_ok());
}

/// deadpool#380: a shrink below what was out underflowed, and the panic poisoned the lock for everybody.
#[tokio::test(start_paused = true)]
async fn a_shrunk_pool_closes_returns_until_the_debt_is_paid_even_if_callers_wait() {
    let fake = Fake::new();
    let pool = fake.pool(config(3));
    let mut out = take(&pool, 3).await;
    pool.resize(1).unwrap();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    for debt in [1, 0] {
        out.pop();
        assert_eq!(pool.status().debt, debt);
        assert!(poll!(waiter.as_mut()).is_pending());
    }
    assert_eq!(fake.open(), 1);
    out.pop();
    assert!(waiter.await.is_ok());
    assert_eq!((pool.status().size, fake.connects()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn shrinking_closes_idle_connections_at_once() {
    let fake = Fake::new();
    let pool = fake.pool(config(4).min(4));
    let out = take(&pool, 4).await;
    drop(out);
    pool.resize(1).unwrap();
    assert_eq!((pool.status().idle, fake.open()), (1, 1), "the minimum yields to the maximum");
}

#[tokio::test(start_paused = true)]
async fn growing_serves_those_who_wait() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let _out = take(&pool, 1).await;
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    pool.resize(2).unwrap();
    assert!(waiter.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_finishes_after_a_shrink_is_not_kept() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let _out = take(&pool, 1).await;
    fake.set(&fake.connect, Act::Gated);
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    settle().await;
    pool.resize(1).unwrap();
    assert_eq!(pool.status().debt, 1);
    fake.gate.add_permits(1);
    settle().await;
    assert!(poll!(waiter.as_mut()).is_pending());
    assert_eq!((pool.status().size, fake.open()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_size_out_of_range_is_refused() {
    let pool = Fake::new().pool(config(2));
    let refused = pool.resize(0).unwrap_err();
    assert!(matches!(refused, ConfigError::Invalid { .. }));
    assert_eq!(refused.problems()[0].to_string(), "max = 0, allowed is 1 to 10000");
    assert_eq!(pool.status().max, 2);
}
