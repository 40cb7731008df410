//! Idle timeouts, lifetimes, keepalives.

use futures::poll;
use mainstay_pool::LaneConfig;
use tokio::time::Instant;

use crate::fake::{Act, Fake, config, ms, secs, settle};

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

/// sqlx#3051, PostHog#49745, HikariCP's 97.5 to 100 %: lifetimes that end together, or on a caller's path, come as a wave of latency.
#[tokio::test(start_paused = true)]
async fn aged_connections_are_replaced_one_at_a_time_and_the_successor_comes_first() {
    let fake = Fake::new();
    let pool = fake.pool(config(8).min(4).max_connecting(8).max_lifetime(Some(secs(1000))));
    pool.warm().await.unwrap();
    fake.set(&fake.connect, Act::Take(ms(300)));
    let began = Instant::now();
    let (mut fewest, mut most) = (usize::MAX, 0);
    while began.elapsed() < secs(1005) {
        tokio::time::sleep(ms(100)).await;
        let status = pool.status();
        fewest = fewest.min(status.idle);
        most = most.max(status.connecting);
    }
    assert_eq!((fake.connects(), fake.open()), (8, 4), "each was replaced once");
    assert_eq!((fewest, most), (4, 1), "four were ready all the time");
}

/// pgx#1213, pgx#679: creating before destroying exceeded the maximum.
#[tokio::test(start_paused = true)]
async fn at_the_maximum_the_old_one_goes_first() {
    let fake = Fake::new();
    let pool = fake.pool(config(3).min(3).max_connecting(3).max_lifetime(Some(secs(1000))));
    pool.warm().await.unwrap();
    fake.set(&fake.connect, Act::Take(ms(300)));
    let began = Instant::now();
    let (mut fewest, mut most) = (usize::MAX, 0);
    while began.elapsed() < secs(1005) {
        tokio::time::sleep(ms(100)).await;
        fewest = fewest.min(pool.status().idle);
        most = most.max(fake.open() + pool.status().connecting);
    }
    assert_eq!((fake.connects(), fake.open()), (6, 3), "each was replaced once");
    assert_eq!((fewest, most), (2, 3), "never more than one short, never more than the maximum");
}

#[tokio::test(start_paused = true)]
async fn a_busy_pool_replaces_what_comes_back_aged_one_at_a_time() {
    let fake = Fake::new();
    let pool = fake.pool(config(4).max_connecting(4).max_lifetime(Some(secs(1000))));
    let began = Instant::now();
    let most_connecting = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    // Six callers at four connections: somebody always waits.
    let callers: Vec<_> = (0..6)
        .map(|_| {
            let (pool, most) = (pool.clone(), std::sync::Arc::clone(&most_connecting));
            tokio::spawn(async move {
                while began.elapsed() < secs(1100) {
                    let guard = pool.get().await.unwrap();
                    tokio::time::sleep(ms(700)).await;
                    drop(guard);
                    if began.elapsed() > secs(10) {
                        most.fetch_max(pool.status().connecting, std::sync::atomic::Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(secs(100)).await;
    fake.set(&fake.connect, Act::Take(ms(300)));
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!((fake.connects(), fake.open()), (8, 4), "each was replaced once");
    assert_eq!(most_connecting.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn of_many_that_come_back_aged_one_makes_way_at_a_time() {
    let fake = Fake::new();
    let pool = fake.pool(config(4).max_connecting(4).max_lifetime(Some(secs(1000))));
    let mut out = Vec::new();
    for _ in 0..4 {
        out.push(pool.get().await.unwrap());
    }
    tokio::time::sleep(secs(999)).await;
    fake.set(&fake.connect, Act::Gated);
    let mut waiters: Vec<_> = (0..4).map(|_| Box::pin(pool.get())).collect();
    for waiter in &mut waiters {
        assert!(poll!(waiter.as_mut()).is_pending());
    }
    drop(out);
    let status = pool.status();
    assert_eq!((status.in_use, status.connecting, status.waiting), (3, 1, 1), "three serve on");
    fake.gate.add_permits(1);
    let guards = futures::future::join_all(waiters).await;
    let mut ids: Vec<_> = guards.iter().map(|guard| guard.as_ref().unwrap().id).collect();
    ids.sort_unstable();
    assert_eq!(ids[3], 4, "the successor serves the last");
    assert_eq!((fake.connects(), fake.open()), (5, 4));
}

#[tokio::test(start_paused = true)]
async fn a_busy_lane_below_the_maximum_gets_the_successor_first() {
    let fake = Fake::new();
    let pool =
        fake.pool(config(4).lane("reports", LaneConfig::default().cap(2)).max_lifetime(Some(secs(1000))));
    let reports = pool.lane("reports").unwrap();
    let began = Instant::now();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let reports = reports.clone();
            tokio::spawn(async move {
                while began.elapsed() < secs(1010) {
                    let _guard = reports.get().await.unwrap();
                    tokio::time::sleep(ms(700)).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(secs(10)).await;
    fake.set(&fake.connect, Act::Take(ms(300)));
    let mut fewest = usize::MAX;
    while began.elapsed() < secs(1005) {
        tokio::time::sleep(ms(50)).await;
        fewest = fewest.min(reports.pool().status().in_use);
    }
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!((fake.connects(), fewest), (4, 2), "both were replaced, and two served all the time");
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_nobody_misses_any_more_is_given_up() {
    let fake = Fake::new();
    let pool = fake.pool(config(2).min(1).max_lifetime(Some(secs(100))));
    pool.warm().await.unwrap();
    fake.set(&fake.connect, Act::Fail);
    tokio::time::sleep(secs(98)).await;
    assert_eq!(pool.status().connecting, 1, "a successor is tried for");
    pool.reconfigure(config(2).min(0)).unwrap();
    pool.evict_all();
    tokio::time::sleep(secs(20)).await;
    let before = fake.connects();
    tokio::time::sleep(secs(60)).await;
    assert_eq!((fake.connects(), pool.status().connecting), (before, 0));
}

#[tokio::test(start_paused = true)]
async fn an_aged_connection_serves_until_its_end_if_the_server_gives_no_successor() {
    let fake = Fake::new();
    let pool = fake.pool(config(2).min(1).max_lifetime(Some(secs(1000))));
    pool.warm().await.unwrap();
    fake.set(&fake.connect, Act::Fail);
    tokio::time::sleep(secs(995)).await;
    assert!(fake.connects() > 1, "it tried to replace it");
    assert_eq!(pool.get().await.unwrap().id, 0);
    tokio::time::sleep(secs(10)).await;
    assert_eq!(fake.open(), 0, "but not beyond its lifetime");
}

/// deadpool#191, deadpool#205: without background work dead connections pile up over a quiet night.
#[tokio::test(start_paused = true)]
async fn keepalives_find_the_dead_before_a_caller_does() {
    let fake = Fake::new();
    let pool = fake.pool(config(8).min(5).keepalive(Some(secs(60))));
    pool.warm().await.unwrap();
    tokio::time::sleep(secs(53)).await;
    assert_eq!(fake.checks(), 0, "up to a tenth early and not earlier");
    tokio::time::sleep(secs(10)).await;
    assert_eq!((fake.checks(), fake.connects(), pool.status().idle), (5, 5, 5), "all passed");
    fake.set(&fake.check, Act::Fail);
    tokio::time::sleep(secs(62)).await;
    assert_eq!((fake.connects(), pool.status().idle), (10, 5), "all were replaced, nobody having asked");
}

#[tokio::test(start_paused = true)]
async fn a_keepalive_spares_what_is_used_and_does_not_prolong_idleness() {
    let fake = Fake::new();
    let pool = fake.pool(config(2).keepalive(Some(secs(10))).idle_timeout(Some(secs(60))));
    for _ in 0..10 {
        drop(pool.get().await.unwrap());
        tokio::time::sleep(secs(5)).await;
    }
    let in_use = fake.checks();
    assert_eq!(in_use, 9, "those of the checkouts after five seconds");
    tokio::time::sleep(secs(50)).await;
    assert!((in_use + 4..=in_use + 6).contains(&fake.checks()), "{} checks", fake.checks());
    tokio::time::sleep(secs(10)).await;
    assert_eq!(fake.open(), 0, "idle for a minute in spite of the keepalives");
}

#[tokio::test(start_paused = true)]
async fn a_keepalive_does_not_put_the_oldest_first() {
    let fake = Fake::new();
    let pool = fake.pool(config(2).keepalive(Some(secs(60))).check_after(secs(600)));
    let (first, second) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    drop(first);
    tokio::time::sleep(secs(30)).await;
    drop(second);
    tokio::time::sleep(secs(35)).await;
    assert_eq!(fake.checks(), 1, "the first alone was due");
    assert_eq!(pool.get().await.unwrap().id, 1, "the second was used last");
}

#[tokio::test(start_paused = true)]
async fn a_keepalive_that_hangs_ends_at_its_own_timeout_and_blocks_nobody() {
    let fake = Fake::new();
    let pool = fake.pool(config(2).min(1).keepalive(Some(secs(10))).check_timeout(secs(3)));
    pool.warm().await.unwrap();
    fake.set(&fake.check, Act::Hang);
    tokio::time::sleep(ms(11_500)).await;
    assert_eq!((fake.checks(), pool.status().in_use), (1, 1));
    let asked = Instant::now();
    assert_eq!(pool.get().await.unwrap().id, 1, "a new one");
    assert_eq!(asked.elapsed(), secs(0));
    tokio::time::sleep(secs(3)).await;
    assert_eq!((pool.status().size, fake.open()), (1, 1), "the silent one is gone");
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
