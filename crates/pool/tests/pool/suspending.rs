//! Suspension: everything waits, nothing is lost.

use std::pin::pin;

use futures::{FutureExt, poll};

use crate::fake::{Act, Fake, config, ms, secs, settle};

#[tokio::test(start_paused = true)]
async fn a_suspended_pool_hands_out_and_connects_nothing_until_it_is_resumed() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    drop(pool.get().await.unwrap());
    pool.suspend();
    assert!(pool.status().suspended);
    assert!(pool.try_get().is_none());
    let (mut first, mut second) = (pin!(pool.get()), pin!(pool.get()));
    assert!(poll!(first.as_mut()).is_pending());
    assert!(poll!(second.as_mut()).is_pending());
    settle().await;
    let status = pool.status();
    assert_eq!((status.idle, status.waiting, status.connecting, fake.connects()), (1, 2, 0, 1));
    pool.resume();
    assert_eq!(first.now_or_never().expect("in order").unwrap().id, 0);
    assert!(second.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_out_may_come_back_during_a_suspension() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    pool.suspend();
    drop(held);
    assert!(poll!(waiter.as_mut()).is_pending());
    assert_eq!((pool.status().idle, pool.status().waiting), (1, 1));
    pool.resume();
    assert!(waiter.now_or_never().expect("served").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_suspension_does_not_prolong_a_callers_patience() {
    let pool = Fake::new().pool(config(1).acquire_timeout(secs(2)));
    pool.suspend();
    let error = pool.get().await.unwrap_err();
    assert!(error.is_timeout());
    assert!(error.to_string().contains("it is suspended"), "{error}");
    assert_eq!(pool.status().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn what_lay_idle_through_a_suspension_is_checked_before_it_serves() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    drop(pool.get().await.unwrap());
    pool.suspend();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    tokio::time::advance(secs(3)).await;
    fake.set(&fake.check, Act::Fail);
    pool.resume();
    assert_eq!(waiter.await.unwrap().id, 1, "the server went away meanwhile");
    assert_eq!(fake.checks(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connect_under_way_ends_idle() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Take(ms(100)));
    let pool = fake.pool(config(1));
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    settle().await;
    pool.suspend();
    tokio::time::advance(ms(200)).await;
    settle().await;
    assert!(poll!(waiter.as_mut()).is_pending());
    assert_eq!((pool.status().idle, pool.status().connecting), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_suspended_pool_can_be_closed() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    drop(pool.get().await.unwrap());
    pool.suspend();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    pool.close().await;
    assert!(waiter.await.unwrap_err().is_closed());
    assert_eq!(fake.open(), 0);
}
