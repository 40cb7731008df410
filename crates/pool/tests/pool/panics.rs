//! A manager that panics leaks nothing and strands nobody.

use crate::fake::{Act, Fake, config, ms, secs, settle};

#[tokio::test(start_paused = true)]
async fn in_connect_it_is_a_failed_connect() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Panic);
    let pool = fake.pool(config(1).acquire_timeout(secs(1)));
    let error = pool.get().await.unwrap_err();
    let reason = error.status().unwrap().last_connect_error.clone().unwrap();
    assert_eq!(reason, "it panicked: the fake was told to");
    fake.set(&fake.connect, Act::Succeed);
    assert!(pool.get().await.is_ok());
    assert_eq!((pool.status().size, pool.status().connecting, fake.open()), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn in_check_it_is_a_dead_connection() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    drop(pool.get().await.unwrap());
    tokio::time::advance(secs(1)).await;
    fake.set(&fake.check, Act::Panic);
    assert_eq!(pool.get().await.unwrap().id, 1);
    assert_eq!((pool.status().size, fake.open()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn in_condition_it_is_a_broken_connection() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let held = pool.get().await.unwrap();
    *fake.condition.lock().unwrap() = None;
    drop(held);
    assert_eq!((pool.status().size, fake.open()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn in_the_holders_task_the_connection_still_comes_back() {
    let fake = Fake::new();
    let pool = fake.pool(config(1));
    let holder = tokio::spawn({
        let pool = pool.clone();
        async move {
            let _guard = pool.get().await.unwrap();
            tokio::time::sleep(ms(1)).await;
            panic!("in the middle of something");
        }
    });
    assert!(holder.await.unwrap_err().is_panic());
    settle().await;
    assert_eq!((pool.status().idle, pool.status().in_use), (1, 0));
}
