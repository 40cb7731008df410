//! Checkouts that last too long.

use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_pool::{Pool, PoolConfig};

use crate::fake::{Fake, Handle, config, secs};

type Told = Arc<Mutex<Vec<(Duration, &'static Location<'static>, Option<String>)>>>;

fn pool(config: PoolConfig) -> (Pool<Handle>, Told) {
    let told = Told::default();
    let pool = Fake::new()
        .builder(config)
        .on_leak({
            let told = Arc::clone(&told);
            move |leak| {
                let backtrace = leak.backtrace.as_ref().map(ToString::to_string);
                told.lock().unwrap().push((leak.age, leak.location, backtrace));
            }
        })
        .build()
        .unwrap();
    (pool, told)
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_lasts_too_long_is_told_once_with_its_place() {
    let (pool, told) = pool(config(3).leak_after(Some(secs(30))));
    let (leaked, line) = (pool.get().await.unwrap(), line!());
    tokio::time::sleep(secs(29)).await;
    let _young = pool.get().await.unwrap();
    assert!(told.lock().unwrap().is_empty());
    tokio::time::sleep(secs(20)).await;
    {
        let told = told.lock().unwrap();
        let [(age, location, None)] = told.as_slice() else { panic!("told {told:?}") };
        assert!(*age >= secs(30) && *age <= secs(31), "{age:?}");
        assert_eq!((location.file(), location.line()), (file!(), line));
    }
    assert_eq!(pool.status().leaks, 1);
    drop(leaked);
    let _again = pool.get().await.unwrap();
    tokio::time::sleep(secs(100)).await;
    assert_eq!(pool.status().leaks, 3, "the young one has grown old, and the next checkout counts anew");
    assert_eq!(told.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_backtrace_comes_along_if_it_is_wanted() {
    let (pool, told) = pool(config(1).leak_after(Some(secs(1))).leak_backtrace(true));
    let _leaked = pool.get().await.unwrap();
    tokio::time::sleep(secs(3)).await;
    let told = told.lock().unwrap();
    let backtrace = told[0].2.as_deref().expect("captured");
    assert!(backtrace.contains("a_backtrace_comes_along_if_it_is_wanted"), "{backtrace}");
}

#[tokio::test(start_paused = true)]
async fn who_waited_in_line_is_told_of_by_its_own_place() {
    let (pool, told) = pool(config(1).leak_after(Some(secs(10))));
    let held = pool.get().await.unwrap();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move {
            let (guard, line) = (pool.get().await.unwrap(), line!());
            std::future::pending::<()>().await;
            drop(guard);
            line
        }
    });
    tokio::time::sleep(secs(1)).await;
    drop(held);
    tokio::time::sleep(secs(20)).await;
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].0 < secs(12), "counted from the hand-over: {:?}", told[0].0);
    waiter.abort();
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_ends_nothing() {
    let fake = Fake::new();
    let pool = fake
        .builder(config(2).min(1).leak_after(Some(secs(1))))
        .on_leak(|leak| panic!("told of {leak}"))
        .build()
        .unwrap();
    let mut leaked = pool.get().await.unwrap();
    tokio::time::sleep(secs(3)).await;
    assert_eq!(pool.status().leaks, 1);
    leaked.broken();
    drop(leaked);
    tokio::time::sleep(secs(3)).await;
    assert_eq!(pool.status().idle, 1, "the minimum is still kept");
}
