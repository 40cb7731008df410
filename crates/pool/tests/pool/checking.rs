//! When an idle connection is checked, and what a failed check means.

use std::pin::pin;

use futures::poll;

use crate::fake::{Act, Fake, config, ms, secs, settle};

/// sqlx#1743, ndc-postgres#450: a ping before every use costs a round trip each.
#[tokio::test(start_paused = true)]
async fn only_what_lay_idle_for_the_window_is_checked() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    drop(pool.get().await.unwrap());
    tokio::time::advance(ms(499)).await;
    drop(pool.get().await.unwrap());
    assert_eq!(fake.checks(), 0);
    tokio::time::advance(ms(500)).await;
    drop(pool.get().await.unwrap());
    assert_eq!(fake.checks(), 1);
    assert_eq!(fake.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_window_of_zero_checks_every_time() {
    let fake = Fake::new();
    let pool = fake.pool(config(1).check_after(ms(0)));
    for _ in 0..4 {
        drop(pool.get().await.unwrap());
    }
    assert_eq!((fake.checks(), fake.connects()), (3, 1), "all but the one just made, which is kept");
}

async fn pool_with_idle(
    fake: &std::sync::Arc<Fake>,
    idle: usize,
) -> mainstay_pool::Pool<crate::fake::Handle> {
    let pool = fake.pool(config(idle));
    let mut guards = Vec::new();
    for _ in 0..idle {
        guards.push(pool.get().await.unwrap());
    }
    drop(guards);
    tokio::time::advance(secs(1)).await;
    pool
}

/// deadpool#191, deadpool#205: after a quiet night, dozens of dead connections were tried one after another.
#[tokio::test(start_paused = true)]
async fn a_fatal_check_evicts_everything_idle_for_as_long() {
    let fake = Fake::new();
    let pool = pool_with_idle(&fake, 5).await;
    fake.set(&fake.check, Act::Fail);
    let guard = pool.get().await.unwrap();
    assert_eq!((fake.checks(), guard.id), (1, 5), "one check, then a new connection");
    assert_eq!((pool.status().size, fake.open()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_used_since_survives_a_fatal_check() {
    let fake = Fake::new();
    let pool = pool_with_idle(&fake, 3).await;
    fake.set(&fake.check, Act::Gated);
    let mut first = pin!(pool.get());
    assert!(poll!(first.as_mut()).is_pending());
    settle().await;
    fake.set(&fake.check, Act::Succeed);
    let used = pool.get().await.unwrap().id;
    settle().await;
    // The connection under the gated check turns out dead.
    fake.gate.close();
    let replacement = first.await.unwrap();
    assert_eq!(replacement.id, used, "the one proven alive meanwhile");
    assert_eq!((pool.status().size, fake.open()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_harmless_failure_costs_one_connection() {
    let fake = Fake::new();
    let pool = pool_with_idle(&fake, 3).await;
    fake.set(&fake.check, Act::FailHarmlessly);
    let mut caller = pin!(pool.get());
    assert!(poll!(caller.as_mut()).is_pending());
    settle().await;
    assert_eq!((pool.status().size, fake.checks()), (2, 1), "the check has failed");
    fake.set(&fake.check, Act::Succeed);
    assert!(caller.await.unwrap().id < 3, "one of the old ones");
    assert_eq!((pool.status().size, fake.checks()), (2, 2));
}

/// HikariCP#1663, #1148, #627, #1736, #1821: a silent server held the pool for as long as its sockets waited.
#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_ends_at_its_own_timeout() {
    let fake = Fake::new();
    let pool = pool_with_idle(&fake, 2).await;
    fake.set(&fake.check, Act::Hang);
    let asked = tokio::time::Instant::now();
    let guard = pool.get().await.unwrap();
    assert_eq!((asked.elapsed(), guard.id), (secs(1), 2));
    assert_eq!(fake.open(), 1, "both silent ones are gone");
}

/// deadpool#283: connections that failed their check lived on until somebody came by.
#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_dropped_before_its_successor_is_there() {
    let fake = Fake::new();
    let pool = pool_with_idle(&fake, 3).await;
    fake.set(&fake.check, Act::Fail);
    fake.set(&fake.connect, Act::Gated);
    let mut caller = pin!(pool.get());
    assert!(poll!(caller.as_mut()).is_pending());
    settle().await;
    assert_eq!((fake.open(), pool.status().connecting), (0, 0), "its caller has not looked again yet");
    assert!(poll!(caller.as_mut()).is_pending());
    fake.gate.add_permits(1);
    assert_eq!(caller.await.unwrap().id, 3);
}

#[tokio::test(start_paused = true)]
async fn whoever_got_a_dead_connection_is_served_before_later_callers() {
    let fake = Fake::new();
    let pool = pool_with_idle(&fake, 1).await;
    fake.set(&fake.check, Act::Hang);
    fake.set(&fake.connect, Act::Gated);
    let mut unlucky = pin!(pool.get());
    assert!(poll!(unlucky.as_mut()).is_pending());
    let mut later = pin!(pool.get());
    assert!(poll!(later.as_mut()).is_pending());
    tokio::time::sleep(secs(1) + ms(1)).await;
    settle().await;
    assert!(poll!(unlucky.as_mut()).is_pending());
    fake.gate.add_permits(1);
    let guard = unlucky.await.unwrap();
    assert!(poll!(later.as_mut()).is_pending());
    drop(guard);
    assert!(later.await.is_ok());
}
