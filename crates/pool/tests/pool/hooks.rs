//! What is run on connections at the turning points of their lives.

use std::pin::pin;

use futures::{FutureExt, poll};
use mainstay_pool::Condition;
use tokio::time::Instant;

use crate::fake::{Act, Fake, config, ms, secs, settle};

#[tokio::test(start_paused = true)]
async fn they_run_in_order_around_check_and_reset() {
    let fake = Fake::new();
    let pool = fake.hooked_pool(config(1));
    let guard = pool.get().await.unwrap();
    assert_eq!(fake.hooks(), ["after_connect", "before_acquire"]);
    *fake.condition.lock().unwrap() = Some(Condition::Dirty);
    drop(guard);
    assert_eq!(pool.status().in_use, 1, "until it has been cleaned");
    settle().await;
    assert_eq!((fake.hooks(), fake.resets()), (vec!["after_release"], 1));
    assert_eq!((pool.status().idle, pool.status().in_use), (1, 0));
    let mut guard = pool.get().await.unwrap();
    assert_eq!(fake.hooks(), ["before_acquire"]);
    guard.broken();
    drop(guard);
    settle().await;
    assert_eq!((fake.hooks(), fake.open()), (vec!["before_close"], 0), "a broken one is not released");
}

#[tokio::test(start_paused = true)]
async fn every_way_out_says_goodbye() {
    let fake = Fake::new();
    let pool = fake.hooked_pool(config(5).max_lifetime(Some(secs(1000))));
    let mut out = Vec::new();
    for _ in 0..5 {
        out.push(pool.get().await.unwrap());
    }
    drop(out);
    settle().await;
    fake.hooks();
    pool.resize(4).unwrap();
    pool.retain(|connection, _| connection.id != 2);
    settle().await;
    assert_eq!((fake.hooks(), fake.open()), (vec!["before_close"; 2], 3));
    drop(pool.get().await.unwrap().detach());
    tokio::time::sleep(secs(1002)).await;
    assert_eq!(fake.open(), 0);
    let goodbyes = fake.hooks().into_iter().filter(|hook| *hook == "before_close").count();
    assert_eq!(goodbyes, 2, "but for the one that its holder kept");
    drop(pool.get().await.unwrap());
    settle().await;
    pool.close().await;
    assert_eq!((fake.open(), fake.hooks().last().copied()), (0, Some("before_close")));
}

#[tokio::test(start_paused = true)]
async fn a_failed_after_connect_is_a_failed_connect() {
    for act in [Act::Fail, Act::Panic, Act::Hang] {
        let fake = Fake::new();
        fake.set(&fake.after_connect, act);
        let pool = fake.hooked_pool(config(1).acquire_timeout(secs(3)));
        let error = pool.get().await.unwrap_err();
        let reason = error.status().unwrap().last_connect_error.clone().expect("the hook's");
        let expected = match act {
            Act::Fail => "server is away",
            Act::Panic => "it panicked: the fake was told to",
            _ => "no answer within 1s",
        };
        assert_eq!(reason, expected);
        assert_eq!(pool.status().idle, 0, "{act:?}");
        assert!(fake.connects() < 12, "{} connects: it backs off", fake.connects());
        fake.set(&fake.after_connect, Act::Succeed);
        assert!(pool.get().await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_before_acquire_closes_the_connection_and_tries_another() {
    for act in [Act::Fail, Act::Panic, Act::Hang] {
        let fake = Fake::new();
        let pool = fake.hooked_pool(config(1));
        drop(pool.get().await.unwrap());
        settle().await;
        fake.set(&fake.before_acquire, act);
        let mut caller = pin!(pool.get());
        assert!(poll!(caller.as_mut()).is_pending());
        tokio::time::sleep(secs(1)).await;
        settle().await;
        fake.set(&fake.before_acquire, Act::Succeed);
        assert!(caller.await.unwrap().id > 0, "{act:?}");
        assert_eq!(fake.open(), 1, "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_before_acquire_that_always_fails_does_not_become_a_storm_of_connects() {
    let fake = Fake::new();
    fake.set(&fake.before_acquire, Act::Fail);
    let pool = fake.hooked_pool(config(4).acquire_timeout(secs(20)));
    let error = pool.get().await.unwrap_err();
    assert_eq!(error.status().unwrap().last_connect_error.as_deref(), Some("server is away"));
    assert!((8..=16).contains(&fake.connects()), "{} connects in 20 s", fake.connects());
    fake.set(&fake.before_acquire, Act::Succeed);
    drop(pool.get().await.unwrap());
    assert_eq!(pool.status().last_connect_error, None);
}

#[tokio::test(start_paused = true)]
async fn a_failed_after_release_closes_the_connection() {
    for act in [Act::Fail, Act::Panic, Act::Hang] {
        let fake = Fake::new();
        let pool = fake.hooked_pool(config(1));
        fake.set(&fake.after_release, act);
        drop(pool.get().await.unwrap());
        tokio::time::sleep(secs(1)).await;
        settle().await;
        assert_eq!((pool.status().size, fake.open()), (0, 0), "{act:?}");
        assert_eq!(fake.hooks().last(), Some(&"before_close"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_counts_until_it_is_over_however_it_ends() {
    for (act, takes) in
        [(Act::Take(ms(300)), ms(300)), (Act::Hang, secs(1)), (Act::Fail, ms(0)), (Act::Panic, ms(0))]
    {
        let fake = Fake::new();
        let pool = fake.hooked_pool(config(1));
        drop(pool.get().await.unwrap());
        settle().await;
        fake.set(&fake.before_close, act);
        pool.evict_all();
        let status = pool.status();
        assert_eq!((status.size, status.in_use, fake.open()), (1, 1, 1), "{act:?}");
        let asked = Instant::now();
        assert_eq!(pool.get().await.unwrap().id, 1, "not beside the old one");
        assert_eq!(asked.elapsed(), takes, "{act:?}");
        assert_eq!(fake.open(), 1, "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_goodbyes() {
    let fake = Fake::new();
    let pool = fake.hooked_pool(config(2).min(2));
    pool.warm().await.unwrap();
    fake.set(&fake.before_close, Act::Take(ms(300)));
    let asked = Instant::now();
    pool.close().await;
    assert_eq!((asked.elapsed(), fake.open()), (ms(300), 0));
}

#[tokio::test(start_paused = true)]
async fn try_get_does_not_go_round_before_acquire() {
    let fake = Fake::new();
    let pool = fake.hooked_pool(config(1));
    drop(pool.get().await.unwrap());
    settle().await;
    assert_eq!(pool.status().idle, 1);
    assert!(pool.try_get().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_prepared_for_one_caller_is_cleaned_before_the_next() {
    let fake = Fake::new();
    let pool = fake.hooked_pool(config(1));
    let prepared = pool.get_prepared(fake.hook("tenant", |fake| &fake.check)).await.unwrap();
    assert_eq!(fake.hooks(), ["after_connect", "before_acquire", "tenant"]);
    let mut next = pin!(pool.get());
    assert!(poll!(next.as_mut()).is_pending());
    drop(prepared);
    assert!(next.await.is_ok());
    assert_eq!(fake.hooks(), ["after_release", "before_acquire"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_during_the_preparation_leaves_a_clean_connection() {
    let fake = Fake::new();
    let pool = fake.hooked_pool(config(1));
    fake.set(&fake.check, Act::Gated);
    let mut leaver = Box::pin(pool.get_prepared(fake.hook("tenant", |fake| &fake.check)));
    assert!(leaver.as_mut().now_or_never().is_none());
    settle().await;
    assert!(leaver.as_mut().now_or_never().is_none());
    settle().await;
    assert_eq!(fake.hooks(), ["after_connect", "before_acquire", "tenant"]);
    drop(leaver);
    fake.gate.add_permits(1);
    settle().await;
    assert_eq!(fake.hooks(), ["after_release"]);
    assert_eq!((pool.status().idle, fake.open(), fake.connects()), (1, 1, 1));
}

/// The hooks run outside of the lock: whoever looks at the pool from inside one gets an answer.
#[tokio::test(start_paused = true)]
async fn a_hook_may_use_its_pool() {
    let fake = Fake::new();
    let cell = std::sync::Arc::new(std::sync::OnceLock::<mainstay_pool::Pool<crate::fake::Handle>>::new());
    let pool = fake
        .builder(config(1))
        .after_release({
            let cell = std::sync::Arc::clone(&cell);
            move |_| {
                let cell = std::sync::Arc::clone(&cell);
                Box::pin(async move {
                    assert_eq!(cell.get().unwrap().status().in_use, 1);
                    Ok(())
                })
            }
        })
        .build()
        .unwrap();
    cell.set(pool.clone()).unwrap();
    drop(pool.get().await.unwrap());
    settle().await;
    assert_eq!((pool.status().idle, fake.open()), (1, 1), "the hook passed");
}
