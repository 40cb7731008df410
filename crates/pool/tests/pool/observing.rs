//! What an observer is told.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{FutureExt, poll};
use mainstay_pool::{CloseReason, Condition, Observer, Pool, PoolConfig, WaitEnd};

use crate::fake::{Act, Fake, Handle, config, ms, secs, settle};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Waited(Duration, WaitEnd),
    Connected(Duration, bool),
    Validated(Duration, bool),
    Held(Duration),
    Closed(CloseReason),
}

use Seen::{Closed, Connected, Held, Validated, Waited};

#[derive(Default)]
struct Log(Mutex<Vec<Seen>>);

impl Log {
    fn push(&self, seen: Seen) {
        self.0.lock().unwrap().push(seen);
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Log {
    fn waited(&self, time: Duration, end: WaitEnd) {
        self.push(Waited(time, end));
    }

    fn connected(&self, time: Duration, succeeded: bool) {
        self.push(Connected(time, succeeded));
    }

    fn validated(&self, time: Duration, succeeded: bool) {
        self.push(Validated(time, succeeded));
    }

    fn held(&self, time: Duration) {
        self.push(Held(time));
    }

    fn closed(&self, reason: CloseReason) {
        self.push(Closed(reason));
    }
}

fn watched(fake: &Arc<Fake>, config: PoolConfig) -> (Pool<Handle, Arc<Log>>, Arc<Log>) {
    let log = Arc::new(Log::default());
    (fake.builder(config).observer(Arc::clone(&log)).build().unwrap(), log)
}

/// influxdb_iox#4480: waiting, connecting and testing were one figure, which told nothing.
#[tokio::test(start_paused = true)]
async fn wait_connect_hold_and_validation_are_told_apart() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Take(ms(150)));
    fake.set(&fake.check, Act::Take(ms(20)));
    // With the coarse clock of a default configuration: durations are exact all the same.
    let (pool, log) = watched(&fake, config(1).clock_resolution(ms(100)));
    let guard = pool.get().await.unwrap();
    assert_eq!(log.take(), [Connected(ms(150), true), Waited(ms(150), WaitEnd::Served)]);
    tokio::time::advance(ms(7)).await;
    drop(guard);
    assert_eq!(log.take(), [Held(ms(7))]);
    drop(pool.get().await.unwrap());
    assert_eq!(log.take(), [Waited(ms(0), WaitEnd::Served), Held(ms(0))]);
    tokio::time::sleep(secs(1)).await;
    let guard = pool.get().await.unwrap();
    assert_eq!(log.take(), [Validated(ms(20), true), Waited(ms(20), WaitEnd::Served)]);
    drop(guard);
    assert_eq!(log.take(), [Held(ms(0))], "the check is no part of it");
}

#[tokio::test(start_paused = true)]
async fn every_end_of_a_wait_is_told() {
    let fake = Fake::new();
    let (pool, log) = watched(&fake, config(1).acquire_timeout(secs(2)));
    let held = pool.get().await.unwrap();
    log.take();
    assert!(pool.get().await.unwrap_err().is_timeout());
    assert_eq!(log.take(), [Waited(secs(2), WaitEnd::TimedOut)]);
    {
        let mut leaver = pin!(pool.get());
        assert!(poll!(leaver.as_mut()).is_pending());
        tokio::time::advance(ms(30)).await;
    }
    assert_eq!(log.take(), [Waited(ms(30), WaitEnd::Cancelled)]);
    assert!(pool.close().now_or_never().is_none());
    assert!(pool.get().await.unwrap_err().is_closed());
    assert_eq!(log.take(), [Waited(ms(0), WaitEnd::Refused)]);
    drop(held);
    assert_eq!(log.take(), [Closed(CloseReason::Closed), Held(ms(2030))]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_connect_is_told_with_its_time() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Hang);
    let (pool, log) = watched(&fake, config(1).acquire_timeout(secs(2)).connect_timeout(secs(2)));
    let _ = pool.get().await;
    settle().await;
    assert!(log.take().contains(&Connected(secs(2), false)));
}

#[tokio::test(start_paused = true)]
async fn every_reason_to_close_is_told() {
    let fake = Fake::new();
    let lifetime = Some(secs(1000));
    let (pool, log) = watched(&fake, config(3).idle_timeout(Some(secs(60))).max_lifetime(lifetime));
    let fill = async || {
        let guards = futures::future::join_all((0..3).map(|_| pool.get())).await;
        drop(guards);
        settle().await;
        log.take();
    };
    let closed = || -> Vec<_> {
        log.take()
            .into_iter()
            .filter_map(|seen| if let Closed(reason) = seen { Some(reason) } else { None })
            .collect()
    };

    fill().await;
    pool.resize(2).unwrap();
    assert_eq!(closed(), [CloseReason::Surplus]);
    pool.resize(3).unwrap();
    pool.retain(|_, _| false);
    assert_eq!(closed(), [CloseReason::Evicted; 2]);

    fill().await;
    pool.evict_all();
    assert_eq!(closed(), [CloseReason::Evicted; 3]);

    fill().await;
    let mut guard = pool.get().await.unwrap();
    guard.broken();
    drop(guard);
    assert_eq!(closed(), [CloseReason::Broken]);

    fill().await;
    tokio::time::advance(secs(1)).await;
    fake.set(&fake.check, Act::Fail);
    drop(pool.get().await.unwrap());
    assert_eq!(closed(), [CloseReason::Dead, CloseReason::Suspect, CloseReason::Suspect]);
    fake.set(&fake.check, Act::Succeed);

    fill().await;
    tokio::time::sleep(secs(62)).await;
    assert_eq!(closed(), [CloseReason::Idle; 3]);

    let held = pool.get().await.unwrap();
    tokio::time::sleep(secs(1002)).await;
    log.take();
    drop(held);
    assert_eq!(closed(), [CloseReason::Lifetime]);

    *fake.condition.lock().unwrap() = Some(Condition::Broken);
    drop(pool.get().await.unwrap());
    assert_eq!(closed(), [CloseReason::Broken]);
    *fake.condition.lock().unwrap() = Some(Condition::Clean);

    fill().await;
    pool.close().await;
    assert_eq!(closed(), [CloseReason::Closed; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_observer_costs_nothing() {
    struct Loud;
    impl Observer for Loud {
        fn held(&self, _: Duration) {
            panic!("told of a hold");
        }
    }
    let fake = Fake::new();
    let pool = fake.builder(config(1)).observer(Loud).build().unwrap();
    drop(pool.get().await.unwrap());
    assert_eq!((pool.status().idle, pool.status().in_use), (1, 0));
}
