//! Connections that stay with the thread that used them last.

use std::sync::Arc;

use futures::FutureExt;
use mainstay_pool::{Guard, LaneConfig, Pool, PoolConfig};
use tokio::runtime::Handle as Runtime;

use crate::fake::{Fake, Handle, config, ms, secs, settle};

fn affine(max: usize) -> PoolConfig {
    config(max).clock_resolution(ms(10)).thread_affinity(true)
}

/// A pool whose `count` connections are open and with this thread, except for those that find no room there.
async fn stayed(fake: &Arc<Fake>, config: PoolConfig, count: usize) -> Pool<Handle> {
    let pool = fake.pool(config);
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(pool.get().await.unwrap());
    }
    drop(held);
    pool
}

/// Asks on another thread and without waiting.
fn at_once_elsewhere(pool: &Pool<Handle>) -> Option<Guard<Handle>> {
    let (pool, runtime) = (pool.clone(), Runtime::current());
    let asking = move || {
        let _entered = runtime.enter();
        pool.get().now_or_never().map(Result::unwrap)
    };
    std::thread::spawn(asking).join().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_thread_gets_the_connection_it_used_last() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(3), 3).await;
    let (first, second) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    let id = first.id;
    drop(second);
    drop(first);
    for _ in 0..5 {
        assert_eq!(pool.get().await.unwrap().id, id);
    }
    assert_eq!(fake.connects(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_would_have_to_wait_gets_what_lies_with_another_thread() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(1), 1).await;
    let got = at_once_elsewhere(&pool).expect("it lies with this thread, which does not use it");
    drop(got);
    assert!(pool.get().now_or_never().is_some(), "and comes back the same way");
    assert_eq!(fake.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_goes_to_the_line_and_not_to_its_thread() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(1), 1).await;
    let held = pool.get().await.unwrap();
    let mut waits = std::pin::pin!(pool.get());
    assert!(futures::poll!(waits.as_mut()).is_pending());
    drop(held);
    assert!(pool.get().now_or_never().is_none(), "a newcomer on that thread has to wait");
    assert!(waits.now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_counts_are_true() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(3), 3).await;
    assert_eq!((pool.status().idle, pool.status().in_use), (3, 0));
    drop(pool.get().await.unwrap());
    let _held = pool.get().await.unwrap();
    assert_eq!((pool.status().idle, pool.status().in_use, pool.status().size), (2, 1, 3));
}

#[tokio::test(start_paused = true)]
async fn what_changes_the_pool_finds_what_lies_with_threads() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(4), 4).await;
    pool.resize(2).unwrap();
    assert_eq!((fake.open(), pool.status().idle), (2, 2), "a shrink");

    drop(pool.get().await.unwrap());
    assert_eq!(pool.retain(|_, _| false), 2, "a predicate");
    assert_eq!(fake.open(), 0);

    drop(pool.get().await.unwrap());
    let held = pool.get().await.unwrap();
    pool.evict_all();
    drop(held);
    assert_eq!(fake.open(), 0, "an eviction, of what is out too");

    drop(pool.get().await.unwrap());
    pool.suspend();
    assert!(pool.get().now_or_never().is_none(), "a suspension");
    assert!(pool.try_get().is_none());
    pool.resume();
    assert!(pool.get().now_or_never().is_some());

    drop(pool.get().await.unwrap());
    pool.close().now_or_never().expect("the end: nothing is out");
    assert_eq!(fake.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_return_after_the_end_is_closed_although_its_thread_had_kept_it() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(1), 1).await;
    let held = pool.get().await.unwrap();
    let mut closing = std::pin::pin!(pool.close());
    assert!(futures::poll!(closing.as_mut()).is_pending());
    drop(held);
    closing.now_or_never().expect("the last one has come back");
    assert_eq!(fake.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_debt_is_paid_by_what_comes_back_to_its_thread() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(3), 3).await;
    let held = [pool.get().await.unwrap(), pool.get().await.unwrap(), pool.get().await.unwrap()];
    pool.resize(1).unwrap();
    assert_eq!(pool.status().debt, 2);
    drop(held);
    assert_eq!((fake.open(), pool.status().idle, pool.status().debt), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_stays_beyond_its_lifetime_or_unchecked_beyond_the_window() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(1).max_lifetime(Some(secs(100))), 1).await;
    for _ in 0..10 {
        tokio::time::sleep(ms(600)).await;
        drop(pool.get().await.unwrap());
    }
    assert_eq!((fake.checks(), fake.connects()), (10, 1), "each time it lay for longer than the window");
    for _ in 0..15_000 {
        tokio::time::sleep(ms(10)).await;
        drop(pool.get().await.unwrap());
    }
    assert_eq!(fake.checks(), 10);
    assert!((2..=3).contains(&fake.connects()), "{} in 156 s", fake.connects());
}

#[tokio::test(start_paused = true)]
async fn a_leak_is_reported_with_the_caller_who_has_it() {
    let fake = Fake::new();
    let (told, leaks) = std::sync::mpsc::channel();
    let pool = fake
        .builder(affine(1).leak_after(Some(secs(5))))
        .on_leak(move |leak| told.send(leak.location.line()).unwrap())
        .build()
        .unwrap();
    drop(pool.get().await.unwrap());
    for _ in 0..2 {
        let (held, line) = (pool.get().await.unwrap(), line!());
        tokio::time::sleep(secs(7)).await;
        assert_eq!(leaks.try_iter().collect::<Vec<_>>(), [line]);
        assert_eq!(pool.status().oldest_checkout.unwrap().location.line(), line);
        drop(held);
        drop(pool.get().await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn it_can_be_turned_off_and_on() {
    let fake = Fake::new();
    let pool = stayed(&fake, affine(2), 2).await;
    pool.reconfigure(config(2).clock_resolution(ms(10))).unwrap();
    drop(pool.get().await.unwrap());
    assert_eq!(pool.status().idle, 2);
    pool.reconfigure(affine(2)).unwrap();
    drop(pool.get().await.unwrap());
    drop(pool.get().await.unwrap());
    assert_eq!((pool.status().idle, fake.connects()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_dropped_is_gone_with_the_next_tick() {
    let fake = Fake::new();
    drop(stayed(&fake, affine(2), 2).await);
    tokio::time::sleep(ms(20)).await;
    settle().await;
    assert_eq!(fake.open(), 0);
}

#[test]
fn a_pool_that_is_dropped_is_gone_with_its_runtime() {
    let fake = Fake::new();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    drop(runtime.block_on(stayed(&fake, affine(2), 2)));
    assert_eq!(fake.open(), 2, "they hold the pool until the tick that does not come");
    drop(runtime);
    assert_eq!(fake.open(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_where_threads_keep_and_lines_form() {
    let fake = Fake::new();
    let pool = fake.pool(affine(3).acquire_timeout(secs(60)));
    let tasks: Vec<_> = (0..8)
        .map(|task: usize| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for round in 0..2_000 {
                    let held = pool.get().await.unwrap();
                    if round % 7 == task % 7 {
                        tokio::task::yield_now().await;
                    }
                    drop(held);
                    if round % 500 == 499 {
                        pool.resize(1 + (round + task) % 3).unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // A connect may still be under way for someone who was served by a return.
    tokio::time::sleep(ms(100)).await;
    let status = pool.status();
    assert_eq!((status.in_use, status.waiting, status.idle), (0, 0, fake.open()), "{status}");
    assert!(status.size <= status.max, "{status}");
}

#[test]
fn lanes_and_affinity_exclude_each_other() {
    let both = affine(3).lane("reports", LaneConfig::default().cap(1)).validate().unwrap_err().to_string();
    assert!(both.contains("thread_affinity = true, allowed is false where there are lanes"), "{both}");
}
