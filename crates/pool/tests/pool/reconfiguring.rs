//! A configuration replaced while the pool runs.

use std::pin::pin;

use futures::poll;

use crate::fake::{Act, Fake, config, ms, secs, settle};

#[tokio::test(start_paused = true)]
async fn connections_waiters_and_counts_stay() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let (held, idle) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    let before = pool.status();
    pool.reconfigure(config(2).acquire_timeout(secs(3)).check_after(ms(100))).unwrap();
    assert_eq!(pool.status(), before);
    drop(idle);
    assert_eq!(waiter.await.unwrap().id, 1);
    drop(held);
    assert_eq!((fake.connects(), fake.open()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_larger_maximum_serves_those_who_wait_and_a_smaller_one_sheds() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    pool.reconfigure(config(3)).unwrap();
    let second = waiter.await.unwrap();
    pool.reconfigure(config(1)).unwrap();
    assert_eq!(pool.status().debt, 1);
    drop((held, second));
    assert_eq!((pool.status().idle, fake.open()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_larger_minimum_is_connected() {
    let fake = Fake::new();
    let pool = fake.pool(config(4));
    settle().await;
    assert_eq!(fake.connects(), 0);
    pool.reconfigure(config(4).min(3)).unwrap();
    settle().await;
    assert_eq!(pool.status().idle, 3);
}

#[tokio::test(start_paused = true)]
async fn timeouts_hold_from_the_next_call_on() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Hang);
    let pool = fake.pool(config(1));
    pool.reconfigure(config(1).acquire_timeout(secs(2))).unwrap();
    let asked = tokio::time::Instant::now();
    assert!(pool.get().await.unwrap_err().is_timeout());
    assert_eq!(asked.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_new_lifetime_holds_for_what_is_idle_and_for_what_comes_back() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let (held, idle) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    drop(idle);
    pool.reconfigure(config(2).max_lifetime(Some(secs(60)))).unwrap();
    tokio::time::sleep(secs(62)).await;
    assert_eq!((pool.status().idle, fake.open()), (0, 1));
    drop(held);
    assert_eq!(fake.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_configuration_changes_nothing() {
    let pool = Fake::new().pool(config(2));
    let error = pool.reconfigure(config(0).max_connecting(0)).unwrap_err();
    assert_eq!(error.problems().len(), 2);
    assert_eq!(*pool.config(), config(2));
}
