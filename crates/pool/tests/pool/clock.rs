//! The clock that is read once a tick.

use crate::fake::{Fake, config, ms, secs, settle};

#[tokio::test(start_paused = true)]
async fn the_window_is_kept_to_within_a_tick() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).clock_resolution(ms(10)));
    drop(pool.get().await.unwrap());
    for wait in [100, 200, 300, 400, 480] {
        tokio::time::sleep(ms(wait)).await;
        drop(pool.get().await.unwrap());
    }
    assert_eq!(fake.checks(), 0);
    for _ in 0..3 {
        tokio::time::sleep(ms(520)).await;
        drop(pool.get().await.unwrap());
    }
    assert_eq!((fake.checks(), fake.connects()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn the_ticker_runs_only_while_there_are_checkouts() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).clock_resolution(ms(10)));
    let tasks = tokio::runtime::Handle::current().metrics();
    settle().await;
    assert_eq!(tasks.num_alive_tasks(), 1, "the reaper");
    drop(pool.get().await.unwrap());
    drop(pool.get().await.unwrap());
    settle().await;
    assert_eq!(tasks.num_alive_tasks(), 2, "and the ticker");
    for _ in 0..5 {
        tokio::time::sleep(ms(300)).await;
        drop(pool.get().await.unwrap());
        assert_eq!(tasks.num_alive_tasks(), 2, "one is enough");
    }
    tokio::time::sleep(secs(2)).await;
    assert_eq!(tasks.num_alive_tasks(), 1, "it has ended");
    drop(pool.get().await.unwrap());
    settle().await;
    assert_eq!((tasks.num_alive_tasks(), fake.checks()), (2, 1), "and begins again, the time being read");
    drop(pool);
    tokio::time::sleep(secs(2)).await;
    assert_eq!(tasks.num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_resolution_never_exceeds_the_window() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).clock_resolution(secs(1)).check_after(ms(20)));
    drop(pool.get().await.unwrap());
    drop(pool.get().await.unwrap());
    for _ in 0..5 {
        tokio::time::sleep(ms(41)).await;
        drop(pool.get().await.unwrap());
    }
    assert_eq!(fake.checks(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_exact_clock_can_be_asked_for_at_any_time() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).clock_resolution(ms(100)));
    drop(pool.get().await.unwrap());
    drop(pool.get().await.unwrap());
    pool.reconfigure(config(1).clock_resolution(ms(0))).unwrap();
    for _ in 0..5 {
        tokio::time::advance(ms(500)).await;
        drop(pool.get().await.unwrap());
    }
    assert_eq!(fake.checks(), 5);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 1, "the ticker has ended");
}

#[test]
fn a_ticker_that_its_runtime_drops_is_not_relied_on() {
    let fake = Fake::new();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let pool = runtime.block_on(async {
        let pool = fake.pool(config(1).clock_resolution(ms(100)));
        drop(pool.get().await.unwrap());
        drop(pool.get().await.unwrap());
        pool
    });
    drop(runtime);
    // Elsewhere: nobody is left to check the connection, so an age that is seen means that it is not handed out.
    let elsewhere =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    elsewhere.block_on(async {
        assert_eq!(pool.status().idle, 1);
        tokio::time::advance(secs(1)).await;
        assert!(pool.get().await.unwrap_err().is_timeout());
        assert_eq!(fake.open(), 0);
    });
}
