//! Idle timeouts and lifetimes.

use crate::fake::{Fake, config, secs, settle};

#[tokio::test(start_paused = true)]
async fn what_lies_idle_is_closed_down_to_the_minimum() {
    let fake = Fake::new();
    let pool = fake.pool(config(5).min(2).idle_timeout(Some(secs(60))));
    let mut out = Vec::new();
    for _ in 0..5 {
        out.push(pool.get().await.unwrap());
    }
    drop(out);
    tokio::time::sleep(secs(58)).await;
    assert_eq!(fake.open(), 5);
    tokio::time::sleep(secs(4)).await;
    assert_eq!((pool.status().idle, fake.open(), fake.connects()), (2, 2, 5));
}

#[tokio::test(start_paused = true)]
async fn a_connection_held_for_long_begins_to_lie_idle_when_it_returns() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).idle_timeout(Some(secs(60))));
    let held = pool.get().await.unwrap();
    tokio::time::sleep(secs(600)).await;
    drop(held);
    tokio::time::sleep(secs(58)).await;
    assert_eq!(fake.open(), 1);
    tokio::time::sleep(secs(3)).await;
    assert_eq!(fake.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn lifetimes_end_up_to_a_tenth_early_and_apart() {
    let fake = Fake::new();
    let pool = fake.pool(config(20).max_connecting(20).max_lifetime(Some(secs(1000))));
    let mut out = Vec::new();
    for _ in 0..20 {
        out.push(pool.get().await.unwrap());
    }
    drop(out);
    tokio::time::sleep(secs(899)).await;
    assert_eq!(fake.open(), 20);
    tokio::time::sleep(secs(50)).await;
    assert!((3..=17).contains(&fake.open()), "{} left half-way through the jitter", fake.open());
    tokio::time::sleep(secs(53)).await;
    assert_eq!(fake.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_is_replaced_to_keep_the_minimum() {
    let fake = Fake::new();
    let pool = fake.pool(config(4).min(2).max_lifetime(Some(secs(100))));
    tokio::time::sleep(secs(103)).await;
    assert_eq!((pool.status().idle, fake.open(), fake.connects()), (2, 2, 4));
}

#[tokio::test(start_paused = true)]
async fn one_past_its_lifetime_is_closed_on_return() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).max_lifetime(Some(secs(100))));
    let held = pool.get().await.unwrap();
    tokio::time::sleep(secs(200)).await;
    drop(held);
    assert_eq!((fake.open(), pool.status().size), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_checkout_does_not_wait_for_the_reaper() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).max_lifetime(Some(secs(100))));
    drop(pool.get().await.unwrap());
    // Moves the clock without letting the reaper run in between.
    tokio::time::advance(secs(101)).await;
    assert_eq!(pool.get().await.unwrap().id, 1);
    settle().await;
    assert_eq!(fake.open(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_reaper_ends_with_the_pool() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let tasks = tokio::runtime::Handle::current().metrics();
    settle().await;
    assert_eq!(tasks.num_alive_tasks(), 1);
    drop(pool);
    tokio::time::sleep(secs(2)).await;
    assert_eq!(tasks.num_alive_tasks(), 0);
}
