//! What becomes of a connection that comes back.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};

use futures::poll;
use mainstay_pool::{Condition, Pool};

use crate::fake::{Act, Fake, Handle, config, secs, settle};

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_closed_and_replaced_for_whoever_waits() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let mut held = pool.get().await.unwrap();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    held.broken();
    drop(held);
    assert_eq!(fake.open(), 0);
    assert_eq!(waiter.await.unwrap().id, 1);
}

#[tokio::test(start_paused = true)]
async fn the_managers_verdict_closes_a_connection() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    *fake.condition.lock().unwrap() = Some(Condition::Broken);
    drop(held);
    assert_eq!((pool.status().size, fake.open()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_detached_connection_makes_room_for_another() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    let own = held.detach();
    assert_eq!(waiter.await.unwrap().id, 1);
    assert_eq!((own.id, fake.open(), pool.status().size), (0, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dirty_connection_is_reset_before_anybody_gets_it() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    *fake.condition.lock().unwrap() = Some(Condition::Dirty);
    fake.set(&fake.reset, Act::Gated);
    drop(held);
    let mut waiter = pin!(pool.get());
    assert!(poll!(waiter.as_mut()).is_pending());
    settle().await;
    assert!(poll!(waiter.as_mut()).is_pending());
    assert_eq!((fake.resets(), pool.status().in_use), (1, 1));
    fake.gate.add_permits(1);
    let next = waiter.await.unwrap();
    assert_eq!(next.id, 0);
    *fake.condition.lock().unwrap() = Some(Condition::Clean);
    drop(next);
    assert_eq!((pool.status().idle, fake.open(), fake.connects()), (1, 1, 1), "a reset leaves no mark");
}

/// sqlx#4349: I/O on the way back had no limit, and a silent peer kept the permit for good.
#[tokio::test(start_paused = true)]
async fn a_reset_that_fails_or_hangs_closes_the_connection() {
    for act in [Act::Fail, Act::Hang, Act::Panic] {
        let fake = Fake::new();
        let pool = fake.pool(config(1));
        let held = pool.get().await.unwrap();
        *fake.condition.lock().unwrap() = Some(Condition::Dirty);
        fake.set(&fake.reset, act);
        drop(held);
        tokio::time::sleep(secs(1)).await;
        settle().await;
        assert_eq!((pool.status().size, fake.open(), fake.resets()), (0, 0, 1), "{act:?}");
    }
}

#[test]
fn a_guard_may_outlive_its_runtime() {
    for condition in [Condition::Clean, Condition::Dirty, Condition::Broken] {
        let fake = Fake::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (pool, guard) = runtime.block_on(async {
            let pool = fake.pool(config(2).min(2));
            pool.warm().await.unwrap();
            let guard = pool.get().await.unwrap();
            (pool, guard)
        });
        *fake.condition.lock().unwrap() = Some(condition);
        drop(runtime);
        drop(guard);
        let kept = if condition == Condition::Clean { 2 } else { 1 };
        assert_eq!(
            (fake.open(), pool.status().size),
            (kept, kept),
            "{condition:?}: nobody is left to reset or connect"
        );
    }
}

/// bb8#154, bb8#164: work done while the lock was held came back to the lock.
#[tokio::test(start_paused = true)]
async fn whoever_is_woken_or_dropped_by_a_return_may_use_the_pool() {
    struct Nosy(Pool<Handle>, AtomicUsize);
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            self.1.store(self.0.status().in_use, SeqCst);
        }
    }
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let nosy = Arc::new(Nosy(pool.clone(), AtomicUsize::new(usize::MAX)));
    let mut waiter = pin!(pool.get());
    let waker = Waker::from(Arc::clone(&nosy));
    assert!(waiter.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(held);
    assert_eq!(nosy.1.load(SeqCst), 1, "woken after unlock, with the grant made");

    let seen = Arc::new(AtomicUsize::new(usize::MAX));
    let mut held = waiter.await.unwrap();
    held.when_dropped({
        let (pool, seen) = (pool.clone(), Arc::clone(&seen));
        move || seen.store(pool.status().size, SeqCst)
    });
    held.broken();
    drop(held);
    assert_eq!(seen.load(SeqCst), 0, "dropped after unlock, no longer counted");
}
