//! Who gets a connection, and in which order.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures::{FutureExt, poll};
use tokio::time::Instant;

use crate::fake::{Act, Fake, config, ms, secs, settle};

/// HikariCP#476, #1232, #2192: newcomers who pass the line show up as its tail, 30 ms against 6 ms at p99.9.
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

/// HikariCP#2192: the same, seen over time: nobody gets more turns than anybody else.
#[tokio::test(start_paused = true)]
async fn sixty_four_tasks_at_eight_connections_get_the_same_number_of_turns() {
    let fake = Fake::new();
    let pool = fake.pool(config(8).min(8));
    pool.warm().await.unwrap();
    let began = Instant::now();
    let tasks: Vec<_> = (0..64u64)
        .map(|task| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut rng = fastrand::Rng::with_seed(task);
                let mut turns = 0u32;
                while began.elapsed() < secs(20) {
                    let _guard = pool.get().await.unwrap();
                    turns += 1;
                    tokio::time::sleep(ms(rng.u64(1..4))).await;
                }
                turns
            })
        })
        .collect();
    let mut turns = Vec::new();
    for task in tasks {
        turns.push(task.await.unwrap());
    }
    let (least, most) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
    // Everybody joins the line anew after each turn, so a round serves each once; only how long a turn lasts is up to chance.
    assert!(most - least <= most / 50, "{least} to {most} turns");
    let (sum, squares) = turns.iter().fold((0.0, 0.0), |(sum, squares), turns| {
        let turns = f64::from(*turns);
        (sum + turns, squares + turns * turns)
    });
    let jain: f64 = sum * sum / (64.0 * squares);
    assert!(jain >= 0.999, "Jain's index is {jain}");
}

/// HikariCP#835, #2398: a hand-off that spins burns every core once waiters outnumber connections by far.
#[tokio::test(start_paused = true)]
async fn a_waiter_sleeps_until_it_is_served() {
    let fake = Fake::new();
    let pool = fake.pool(config(2));
    let polls = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let (pool, polls) = (pool.clone(), Arc::clone(&polls));
            tokio::spawn(async move {
                let mut get = Box::pin(pool.get());
                let guard = poll_fn(|cx| {
                    polls.fetch_add(1, SeqCst);
                    get.as_mut().poll(cx)
                });
                let _guard = guard.await.unwrap();
                tokio::time::sleep(ms(5)).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(polls.load(SeqCst) <= 1_000, "{} polls: once to join, once to be served", polls.load(SeqCst));
}

/// sqlx#622, #1137, #2276, #865, #3241: one `PoolTimedOut` for four troubles.
#[tokio::test(start_paused = true)]
async fn a_backlog_a_leak_a_dead_server_and_a_hog_can_be_told_apart() {
    let fails = async |fake: &Arc<Fake>, hold: Duration, holders: usize| {
        let pool = fake.pool(config(2).acquire_timeout(secs(2)));
        let holders: Vec<_> = (0..holders)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let _guard = pool.get().await;
                    tokio::time::sleep(hold).await;
                })
            })
            .collect();
        settle().await;
        let error = pool.get().await.expect_err("nothing comes free");
        holders.into_iter().for_each(|holder| holder.abort());
        error.status().unwrap().clone()
    };
    let healthy = Fake::new();
    let backlog = fails(&healthy, ms(500), 20).await;
    assert!(backlog.waiting >= 5 && backlog.oldest_checkout.unwrap().age < secs(1), "{backlog}");
    let leak = fails(&healthy, secs(3600), 2).await;
    assert!(leak.waiting == 0 && leak.in_use == 2 && leak.oldest_checkout.unwrap().age >= secs(2), "{leak}");
    let hog = fails(&healthy, secs(3600), 8).await;
    assert!(hog.in_use == 2 && hog.oldest_checkout.unwrap().location.file() == file!(), "{hog}");
    let down = Fake::new();
    down.set(&down.connect, Act::Fail);
    let down = fails(&down, ms(1), 0).await;
    assert_eq!((down.in_use, down.last_connect_error.as_deref()), (0, Some("server is away")), "{down}");
}

/// windmill#8333: where every service waits 30 s for the next, nothing fails in time.
#[tokio::test(start_paused = true)]
async fn a_caller_waits_five_seconds_if_nothing_else_is_said() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Hang);
    let pool = fake.pool(mainstay_pool::PoolConfig::default());
    let asked = Instant::now();
    assert!(pool.get().await.unwrap_err().is_timeout());
    assert_eq!(asked.elapsed(), secs(5));
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

/// A wait relies on the pool's ticker at first and on a timer of its own later: that must not show.
#[tokio::test(start_paused = true)]
async fn a_timeout_is_exact_where_the_clock_is_coarse() {
    let fake = Fake::new();
    for (resolution, timeout) in [(ms(10), secs(2)), (ms(10), ms(101)), (ms(100), ms(50)), (ms(400), secs(5))]
    {
        let config = config(1).check_timeout(ms(50)).acquire_timeout(timeout);
        let pool = fake.pool(config.clock_resolution(resolution));
        let _held = pool.get().await.unwrap();
        tokio::time::advance(ms(3)).await;
        let asked = Instant::now();
        assert!(pool.get().await.unwrap_err().is_timeout());
        assert_eq!(asked.elapsed(), timeout, "at a resolution of {resolution:?}");
    }
}

/// The ticker would have reminded of the wait.
#[test]
fn a_wait_ends_in_time_although_the_runtime_of_the_pool_is_gone() {
    let fake = Fake::new();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (its_own, elsewhere) = (runtime(), runtime());
    let (pool, _held) = its_own.block_on(async {
        let config = config(1).check_timeout(ms(50)).acquire_timeout(ms(300));
        let pool = fake.pool(config.clock_resolution(ms(10)));
        let held = pool.get().await.unwrap();
        (pool, held)
    });
    elsewhere.block_on(async {
        let mut waits = std::pin::pin!(pool.get());
        assert!(futures::poll!(waits.as_mut()).is_pending());
        its_own.shutdown_background();
        let end = tokio::time::timeout(secs(30), waits).await.expect("it has a timer of its own now");
        assert!(end.unwrap_err().is_timeout());
    });
}
