//! Dropping a future loses no connection and strands nobody.

use std::pin::pin;

use futures::{FutureExt, poll};

use crate::fake::{Act, Fake, config, ms, secs, settle};

#[tokio::test(start_paused = true)]
async fn while_waiting_the_place_is_given_up() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    {
        let mut leaver = pin!(pool.get());
        assert!(poll!(leaver.as_mut()).is_pending());
        assert_eq!(pool.status().waiting, 1);
    }
    assert_eq!(pool.status().waiting, 0);
    drop(held);
    assert_eq!((pool.status().idle, fake.open()), (1, 1));
}

/// sqlx#83, sqlx#620: a wake-up that went to a cancelled waiter was lost.
#[tokio::test(start_paused = true)]
async fn while_granted_the_connection_goes_to_the_next_in_line() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let mut leaver = Box::pin(pool.get());
    assert!(poll!(leaver.as_mut()).is_pending());
    let mut next = pin!(pool.get());
    assert!(poll!(next.as_mut()).is_pending());
    drop(held);
    assert!(poll!(next.as_mut()).is_pending(), "it was granted to the one in front");
    drop(leaver);
    assert!(next.now_or_never().expect("passed on").is_ok());
    assert_eq!((pool.status().idle, fake.connects()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn while_granted_with_nobody_behind_the_connection_lies_idle() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    let mut leaver = Box::pin(pool.get());
    assert!(poll!(leaver.as_mut()).is_pending());
    drop(held);
    drop(leaver);
    assert_eq!((pool.status().idle, pool.status().in_use), (1, 0));
}

/// sqlx#1869, sqlx#3582: cancelling during the ping closed good connections. fastpool#17: whether it is closed or kept was left open;
/// it is kept.
#[tokio::test(start_paused = true)]
async fn during_a_check_the_connection_comes_back_when_it_has_passed() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    drop(pool.get().await.unwrap());
    tokio::time::advance(secs(1)).await;
    fake.set(&fake.check, Act::Gated);
    let mut leaver = Box::pin(pool.get());
    assert!(poll!(leaver.as_mut()).is_pending());
    settle().await;
    assert_eq!((fake.checks(), pool.status().in_use), (1, 1));
    drop(leaver);
    let mut next = pin!(pool.get());
    assert!(poll!(next.as_mut()).is_pending());
    fake.gate.add_permits(1);
    assert!(next.await.is_ok(), "the checked connection is handed over");
    assert_eq!((fake.connects(), fake.open()), (1, 1));
}

/// puddle's `initResourceValue`, pgx#1259, pgx#1287: a cancelled caller does not waste the connect.
#[tokio::test(start_paused = true)]
async fn during_a_connect_the_connection_joins_the_pool() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Gated);
    let pool = fake.pool(config(1));
    let mut leaver = Box::pin(pool.get());
    assert!(poll!(leaver.as_mut()).is_pending());
    settle().await;
    assert_eq!(pool.status().connecting, 1);
    drop(leaver);
    fake.gate.add_permits(1);
    settle().await;
    assert_eq!((pool.status().idle, pool.status().connecting, fake.open()), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn before_the_first_poll_nothing_has_happened() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    drop(pool.get());
    settle().await;
    assert_eq!((pool.status().size, fake.connects()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_timeouts_leaves_every_connection_idle() {
    let fake = Fake::new();
    let pool = fake.pool(config(4));
    let seed = 11;
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut rng = fastrand::Rng::with_seed(seed + task);
                for _ in 0..200 {
                    if let Ok(Ok(_guard)) = tokio::time::timeout(ms(rng.u64(0..4)), pool.get()).await {
                        tokio::time::sleep(ms(rng.u64(0..3))).await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    settle().await;
    let status = pool.status();
    assert_eq!((status.idle, status.in_use, status.waiting), (4, 0, 0), "seed {seed}");
    assert_eq!((fake.open(), fake.connects()), (4, 4), "seed {seed}");
}

/// bb8#59, bb8#67: a caller dropped between the taking of a connection and its guard leaked it.
#[tokio::test(start_paused = true)]
async fn at_any_poll_a_connection_taken_and_not_yet_handed_out_comes_back() {
    for polls in 0..6 {
        let fake = Fake::new();
        let pool = fake.pool(config(1));
        drop(pool.get().await.unwrap());
        tokio::time::advance(secs(1)).await;
        fake.set(&fake.check, Act::Take(ms(10)));
        let mut leaver = Box::pin(pool.get());
        for _ in 0..polls {
            if poll!(leaver.as_mut()).is_ready() {
                break;
            }
            tokio::time::sleep(ms(3)).await;
        }
        drop(leaver);
        tokio::time::sleep(ms(20)).await;
        let status = pool.status();
        assert_eq!((status.idle, status.in_use, fake.open()), (1, 0, 1), "after {polls} polls");
    }
}
