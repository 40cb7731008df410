//! A server that goes away and comes back.

use std::pin::pin;

use futures::poll;
use tokio::time::Instant;

use crate::fake::{Act, Fake, config, ms, secs, settle};

/// PgBouncer's and HikariCP's answer to the storm after an outage: one connect at a time, further and further apart.
#[tokio::test(start_paused = true)]
async fn an_outage_meets_a_trickle_of_connects_and_recovery_meets_no_storm() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(20).max_connecting(4).acquire_timeout(secs(2)));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                while pool.get().await.is_err() {}
                tokio::time::sleep(secs(1)).await;
            })
        })
        .collect();
    tokio::time::sleep(secs(60)).await;
    // Up to four at first, ten steps of 10 ms to 5 s, then one each 2.5 to 5 s.
    let during = fake.connects();
    assert!((15..=40).contains(&during), "{during} connects in a minute of outage");
    assert_eq!(pool.status().connecting, 1);

    fake.set(&fake.connect, Act::Succeed);
    for caller in callers {
        caller.await.unwrap();
    }
    let after = fake.connects() - during;
    assert!(after <= 20, "{after} connects to serve a hundred callers with twenty connections");
}

#[tokio::test(start_paused = true)]
async fn impatient_callers_do_not_shorten_the_pause() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(20));
    for _ in 0..10_000 {
        let asked = tokio::time::timeout(std::time::Duration::from_millis(1), pool.get()).await;
        assert!(asked.is_err(), "nobody can be served");
    }
    // Ten seconds of callers that come and go: 10, 20, 40 … 5000 ms of pause, each at least half.
    assert!((8..=14).contains(&fake.connects()), "{} connects", fake.connects());
}

/// HikariCP#1663, #1148, #627: a server that falls silent, neither refusing nor answering, left pools that never recovered.
#[tokio::test(start_paused = true)]
async fn a_silent_server_holds_no_caller_past_its_timeout_and_is_found_again() {
    let fake = Fake::new();
    let pool = fake.pool(config(4).min(4).acquire_timeout(secs(2)).connect_timeout(secs(1)));
    pool.warm().await.unwrap();
    tokio::time::sleep(secs(10)).await;
    fake.set(&fake.check, Act::Hang);
    fake.set(&fake.connect, Act::Hang);
    for _ in 0..10 {
        let asked = Instant::now();
        assert!(pool.get().await.unwrap_err().is_timeout());
        assert_eq!(asked.elapsed(), secs(2));
    }
    assert_eq!((fake.open(), fake.checks()), (0, 1), "one check was enough to tell");
    fake.set(&fake.check, Act::Succeed);
    fake.set(&fake.connect, Act::Succeed);
    let returned = Instant::now();
    while pool.get().await.is_err() {}
    assert!(returned.elapsed() <= secs(6), "served again after {:?}", returned.elapsed());
}

/// PgBouncer's `server_login_retry`: while the server is away, callers learn it at once instead of queueing up.
#[tokio::test(start_paused = true)]
async fn callers_are_turned_away_at_once_after_a_while_and_the_server_is_still_tried() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(4).acquire_timeout(secs(10)).fail_fast_after(Some(secs(2))));
    let asked = Instant::now();
    let error = pool.get().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(asked.elapsed() >= secs(2) && asked.elapsed() < secs(5), "{:?}", asked.elapsed());
    assert_eq!(error.status().unwrap().last_connect_error.as_deref(), Some("server is away"));

    let before = fake.connects();
    for _ in 0..600 {
        let asked = Instant::now();
        let error = pool.get().await.unwrap_err();
        assert!(error.is_unavailable() && asked.elapsed().is_zero(), "{error} after {:?}", asked.elapsed());
        let mainstay_pool::GetError::Unavailable { retry_after, .. } = error else { unreachable!() };
        assert!(retry_after <= secs(5));
        tokio::time::sleep(ms(100)).await;
    }
    let during = fake.connects() - before;
    assert!((10..=25).contains(&during), "{during} connects in a minute, one each 2.5 to 5 s");

    fake.set(&fake.connect, Act::Succeed);
    let returned = Instant::now();
    while pool.get().await.is_err() {
        tokio::time::sleep(ms(100)).await;
    }
    assert!(returned.elapsed() <= secs(6), "served again after {:?}", returned.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_turned_away_while_a_connection_may_come_back() {
    let fake = Fake::new();
    let pool = fake.pool(config(2).fail_fast_after(Some(secs(1))));
    let held = pool.get().await.unwrap();
    fake.set(&fake.connect, Act::Fail);
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    tokio::time::sleep(secs(4)).await;
    assert!(poll!(waiter.as_mut()).is_pending(), "the server refuses new connections, the old one works");
    drop(held);
    assert_eq!(waiter.await.unwrap().id, 0);
}

#[tokio::test(start_paused = true)]
async fn an_outage_without_callers_costs_no_connects() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(2).fail_fast_after(Some(secs(1))));
    assert!(pool.get().await.is_err());
    tokio::time::sleep(secs(10)).await;
    let before = fake.connects();
    tokio::time::sleep(secs(600)).await;
    assert!(fake.connects() <= before + 1, "{} connects for nobody", fake.connects() - before);
    settle().await;
    assert_eq!(pool.status().connecting, 0);
}
