//! Closing drains and rejects.

use std::pin::pin;

use futures::{FutureExt, poll};

use crate::fake::{Act, Fake, config, secs, settle};

#[tokio::test(start_paused = true)]
async fn close_waits_for_what_is_out_and_rejects_everybody_else() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let (held, idle) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    let mut close = pin!(pool.close());
    assert!(poll!(close.as_mut()).is_pending());
    assert!(waiter.await.unwrap_err().is_closed(), "waiting");
    assert!(pool.get().await.unwrap_err().is_closed(), "asking now");
    assert!(pool.warm().await.unwrap_err().is_closed());
    assert!(pool.try_get().is_none());
    drop(idle);
    assert!(poll!(close.as_mut()).is_pending(), "one is still out");
    assert_eq!(fake.open(), 1);
    drop(held);
    close.now_or_never().expect("everything has come back");
    assert_eq!((pool.status().size, fake.open(), pool.status().closed), (0, 0, true));
}

#[tokio::test(start_paused = true)]
async fn close_gives_up_connects_that_hang_and_pauses() {
    for act in [Act::Hang, Act::Fail] {
        let fake = Fake::new();
        fake.set(&fake.connect, act);
        let pool = fake.pool(config(2).connect_timeout(secs(600)).min(1));
        tokio::time::sleep(secs(20)).await;
        let asked = tokio::time::Instant::now();
        pool.close().await;
        assert_eq!(asked.elapsed(), secs(0), "{act:?}");
        assert_eq!(pool.status().connecting, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn closing_twice_and_closing_nothing_end_at_once() {
    let pool = Fake::new().pool(config(2));
    pool.close().now_or_never().expect("nothing to wait for");
    pool.close().now_or_never().expect("nor the second time");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_close_has_still_closed() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    assert!(pool.close().now_or_never().is_none());
    assert!(pool.get().await.unwrap_err().is_closed());
    drop(held);
    settle().await;
    assert_eq!(fake.open(), 0);
    pool.close().now_or_never().expect("drained meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_grant_made_before_the_close_is_still_good() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    drop(held);
    let mut close = pin!(pool.close());
    assert!(poll!(close.as_mut()).is_pending());
    drop(waiter.await.expect("granted before the close"));
    close.await;
    assert_eq!(fake.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_detached_connection_is_not_waited_for() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let own = pool.get().await.unwrap().detach();
    pool.close().now_or_never().expect("nothing is out");
    assert_eq!((own.id, fake.open()), (0, 1));
}
