//! Who gets a connection, and in which order.

use futures::{FutureExt, poll};
use std::pin::pin;
use tokio::time::Instant;

use crate::fake::{Act, Fake, config, ms, secs, settle};

#[tokio::test(start_paused = true)]
async fn grants_follow_the_order_of_arrival() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let (order, mut served) = tokio::sync::mpsc::unbounded_channel();
    for caller in 0..20 {
        let (pool, order) = (pool.clone(), order.clone());
        tokio::spawn(async move {
            let _guard = pool.get().await.unwrap();
            order.send(caller).unwrap();
            tokio::time::sleep(ms(1)).await;
        });
        settle().await;
    }
    drop(held);
    for caller in 0..20 {
        assert_eq!(served.recv().await, Some(caller));
    }
    assert_eq!(fake.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_cannot_take_what_was_handed_to_a_sleeping_waiter() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    drop(held);
    // The waiter has been granted the connection and has not been polled since.
    assert!(pool.try_get().is_none());
    let mut newcomer = pin!(pool.get());
    assert!(poll!(newcomer.as_mut()).is_pending());
    let guard = waiter.now_or_never().expect("was handed over").unwrap();
    assert!(poll!(newcomer.as_mut()).is_pending());
    drop(guard);
    assert!(newcomer.now_or_never().expect("was handed over").is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_most_recently_used_connection_goes_first() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let (first, second) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    let last = first.id;
    drop(second);
    drop(first);
    assert_eq!(pool.get().await.unwrap().id, last);
}

#[tokio::test(start_paused = true)]
async fn try_get_never_waits_and_never_connects() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    assert!(pool.try_get().is_none());
    settle().await;
    assert_eq!(fake.connects(), 0);
    drop(pool.get().await.unwrap());
    let held = pool.try_get().expect("one is idle");
    assert!(pool.try_get().is_none());
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_tells_what_the_pool_was_doing() {
    let fake = Fake::new();
    let pool = fake.pool(config(2).acquire_timeout(secs(2)));
    let (_oldest, line) = (pool.get().await.unwrap(), line!());
    tokio::time::advance(secs(3)).await;
    let _younger = pool.get().await.unwrap();
    let asked = Instant::now();
    let other_waiter = async {
        tokio::time::sleep(ms(10)).await;
        pool.get().await.map(|guard| guard.id)
    };
    let mut other_waiter = pin!(other_waiter);
    let result = tokio::select! {
        result = pool.get() => result,
        _ = other_waiter.as_mut() => panic!("came later"),
    };
    assert_eq!(asked.elapsed(), secs(2), "waited as long as configured");
    let error = result.unwrap_err();
    assert_eq!(asked.elapsed(), secs(2), "waited as long as configured");
    assert!(error.is_timeout() && !error.is_closed());
    let status = error.status().unwrap();
    assert_eq!(&*status.name, "fake");
    assert_eq!((status.size, status.idle, status.in_use, status.connecting), (2, 0, 2, 0));
    // The one that failed has left the line, the other has 10 ms to go.
    assert_eq!((status.max, status.waiting, status.debt), (2, 1, 0));
    let oldest = status.oldest_checkout.unwrap();
    assert_eq!((oldest.location.line(), oldest.location.file()), (line, file!()));
    assert_eq!(oldest.age, secs(5));
    let text = error.to_string();
    assert!(text.contains("2 of 2") && text.contains("2 in use") && text.contains("line.rs"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_carries_the_last_connect_error() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(2).acquire_timeout(secs(1)));
    let error = pool.get().await.unwrap_err();
    assert_eq!(error.status().unwrap().last_connect_error.as_deref(), Some("server is away"));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "server is away");
    fake.set(&fake.connect, Act::Succeed);
    drop(pool.get().await.unwrap());
    assert_eq!(pool.status().last_connect_error, None, "a success clears it");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_given_at_the_first_poll() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    drop(pool.get().await.unwrap());
    // Made but not polled: nothing is taken yet.
    let get = pool.get();
    assert_eq!(pool.status().in_use, 0);
    assert!(get.now_or_never().expect("nothing to wait for").is_ok());
}
