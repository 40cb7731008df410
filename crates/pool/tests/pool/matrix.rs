//! Every phase and hook, going well, failing, being slow, hanging and panicking, with the caller leaving after every poll.
//!
//! Of bb8#59, sqlx#1869, fastpool#17 and their like every form. The shape is deadpool's `tests/managed_cancellation.rs`. Whatever happens, afterwards nothing is in use, nobody waits, every open
//! connection is an idle one, and the pool serves again.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::poll;
use mainstay_pool::{Condition, Pool};

use crate::fake::{Act, Fake, Handle, config, ms, secs, settle};

const ACTS: [Act; 5] = [Act::Succeed, Act::Fail, Act::Take(ms(50)), Act::Hang, Act::Panic];
/// After that many polls the caller leaves; with the last it stays until it is served or out of time.
const POLLS: [usize; 7] = [0, 1, 2, 3, 4, 6, usize::MAX];

async fn poll_and_leave<F: Future>(mut future: Pin<Box<F>>, polls: usize) {
    for _ in 0..polls.min(200) {
        if poll!(future.as_mut()).is_ready() {
            return;
        }
        settle().await;
        tokio::time::advance(ms(30)).await;
    }
}

/// Everything goes well from now on; what hangs ends at its limit.
async fn recovers(fake: &Arc<Fake>, pool: &Pool<Handle>, case: &str) {
    for part in parts(fake) {
        fake.set(part, Act::Succeed);
    }
    *fake.condition.lock().unwrap() = Some(Condition::Clean);
    tokio::time::sleep(secs(12)).await;
    settle().await;
    let status = pool.status();
    assert_eq!((status.in_use, status.connecting, status.waiting), (0, 0, 0), "{case}: {status}");
    assert_eq!(fake.open(), status.idle, "{case}: {status}");
    let guard = pool.get().await.unwrap_or_else(|error| panic!("{case}: {error}"));
    drop(guard);
    pool.close().await;
    assert_eq!(fake.open(), 0, "{case}");
}

fn parts(fake: &Fake) -> [&Mutex<Act>; 7] {
    [
        &fake.connect,
        &fake.after_connect,
        &fake.check,
        &fake.before_acquire,
        &fake.reset,
        &fake.after_release,
        &fake.before_close,
    ]
}

async fn on_the_way_out(connect: Act) {
    for after_connect in ACTS {
        for check in ACTS {
            for before_acquire in ACTS {
                for polls in POLLS {
                    let fake = Fake::new();
                    let pool = fake.hooked_pool(config(2));
                    // One lies idle for long enough to be checked.
                    drop(pool.get().await.unwrap());
                    tokio::time::advance(secs(1)).await;
                    settle().await;
                    fake.set(&fake.connect, connect);
                    fake.set(&fake.after_connect, after_connect);
                    fake.set(&fake.check, check);
                    fake.set(&fake.before_acquire, before_acquire);
                    poll_and_leave(Box::pin(pool.get()), polls).await;
                    let case = format!(
                        "connect {connect:?}, after_connect {after_connect:?}, check {check:?}, \
                         before_acquire {before_acquire:?}, {polls} polls"
                    );
                    recovers(&fake, &pool, &case).await;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_while_connects_succeed() {
    on_the_way_out(Act::Succeed).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_while_connects_fail() {
    on_the_way_out(Act::Fail).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_while_connects_are_slow() {
    on_the_way_out(Act::Take(ms(50))).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_while_connects_hang() {
    on_the_way_out(Act::Hang).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_while_connects_panic() {
    on_the_way_out(Act::Panic).await;
}

#[tokio::test(start_paused = true)]
async fn a_waiter_leaves_while_the_connection_comes_back() {
    for condition in [Condition::Clean, Condition::Dirty, Condition::Broken] {
        for reset in ACTS {
            for after_release in ACTS {
                for before_close in ACTS {
                    for polls in POLLS {
                        let fake = Fake::new();
                        let pool = fake.hooked_pool(config(1));
                        let held = pool.get().await.unwrap();
                        *fake.condition.lock().unwrap() = Some(condition);
                        fake.set(&fake.reset, reset);
                        fake.set(&fake.after_release, after_release);
                        fake.set(&fake.before_close, before_close);
                        let mut waiter = Box::pin(pool.get());
                        assert!(poll!(waiter.as_mut()).is_pending());
                        drop(held);
                        poll_and_leave(waiter, polls).await;
                        let case = format!(
                            "{condition:?}, reset {reset:?}, after_release {after_release:?}, \
                             before_close {before_close:?}, {polls} polls"
                        );
                        recovers(&fake, &pool, &case).await;
                    }
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_while_its_own_preparation_runs() {
    for prepare in ACTS {
        for after_release in ACTS {
            for polls in POLLS {
                let fake = Fake::new();
                let pool = fake.hooked_pool(config(1));
                drop(pool.get().await.unwrap());
                settle().await;
                fake.set(&fake.reset, prepare);
                fake.set(&fake.after_release, after_release);
                poll_and_leave(Box::pin(pool.get_prepared(fake.hook("own", |fake| &fake.reset))), polls)
                    .await;
                let case = format!("prepare {prepare:?}, after_release {after_release:?}, {polls} polls");
                recovers(&fake, &pool, &case).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_minimum_or_the_end_may_leave() {
    for connect in ACTS {
        for before_close in ACTS {
            for polls in POLLS {
                let fake = Fake::new();
                fake.set(&fake.connect, connect);
                fake.set(&fake.before_close, before_close);
                let pool = fake.hooked_pool(config(3).min(2));
                poll_and_leave(Box::pin(pool.warm()), polls).await;
                poll_and_leave(Box::pin(pool.close()), polls.max(1)).await;
                tokio::time::sleep(secs(2)).await;
                let status = pool.status();
                let case = format!("connect {connect:?}, before_close {before_close:?}, {polls} polls");
                assert_eq!((status.size, status.waiting, fake.open()), (0, 0, 0), "{case}: {status}");
                pool.close().await;
            }
        }
    }
}
