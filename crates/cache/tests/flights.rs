#![allow(clippy::unwrap_used, missing_docs)]
//! Single-flight: one load however many ask, and nobody stranded however it ends.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_cache::{Cache, LoadError, Region, RegionOptions, Source};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

async fn region() -> (Cache, Region<str, u32>) {
    let cache = Cache::builder("flights").build().await.unwrap();
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

#[tokio::test]
async fn ten_thousand_concurrent_misses_are_one_load() {
    let (cache, values) = region().await;
    let asking = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for n in 0..10_000_u32 {
        let (values, asking) = (values.clone(), asking.clone());
        tasks.spawn(async move {
            asking.fetch_add(1, Ordering::Relaxed);
            let load = values.get_or_load_hit_borrowed("a", |_| async {
                // On this single thread, whoever counted has also reached its await.
                while asking.load(Ordering::Relaxed) < 10_000 {
                    tokio::task::yield_now().await;
                }
                Ok::<_, Infallible>(n)
            });
            let hit = load.await.unwrap();
            (*hit.value, hit.source)
        });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|answer| *answer == (answers[0].0, Source::Loader)));
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.load_failures, stats.l1.fills), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn misses_on_many_threads_are_one_load_a_key() {
    let (cache, values) = region().await;
    let mut tasks = JoinSet::new();
    for n in 0..10_000_u32 {
        let values = values.clone();
        tasks.spawn(async move {
            let key = (n % 50).to_string();
            let load = values.get_or_load_borrowed(&key, |_| async move {
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(n % 50)
            });
            assert_eq!(*load.await.unwrap(), n % 50);
        });
    }
    tasks.join_all().await;
    assert_eq!(cache.stats().loads, 50);
}

/// Ends the first leader in some way while a follower waits; the follower must load with its own loader.
async fn follower_takes_over(
    leader: impl FnOnce(Region<str, u32>, oneshot::Sender<()>, Arc<Notify>) -> JoinSet<()>,
) {
    let (cache, values) = region().await;
    let (begun, has_begun) = oneshot::channel();
    let end = Arc::new(Notify::new());
    let mut leading = leader(values.clone(), begun, end.clone());
    has_begun.await.unwrap();
    let mut followers = JoinSet::new();
    for n in 2..5_u32 {
        let values = values.clone();
        followers.spawn(async move {
            *values.get_or_load_borrowed("a", |_| async move { Ok::<_, Infallible>(n) }).await.unwrap()
        });
    }
    tokio::task::yield_now().await;
    assert_eq!(cache.stats().loads, 1, "they wait");
    end.notify_one();
    tokio::task::yield_now().await;
    leading.abort_all();
    while leading.join_next().await.is_some() {}
    let answers = followers.join_all().await;
    assert_eq!(answers, [answers[0]; 3], "one of them led, the others got its value");
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.load_failures), (2, 1));
    assert_eq!(values.get_cached("a").as_deref(), Some(&answers[0]));
}

#[tokio::test]
async fn a_cancelled_leader_hands_over() {
    follower_takes_over(|values, begun, _| {
        let mut set = JoinSet::new();
        set.spawn(async move {
            let load = values.get_or_load_borrowed("a", |_| async {
                begun.send(()).unwrap();
                pending::<Result<u32, Infallible>>().await
            });
            let _ = load.await;
        });
        set
    })
    .await;
}

#[tokio::test]
async fn a_panicking_leader_hands_over() {
    follower_takes_over(|values, begun, end| {
        let mut set = JoinSet::new();
        set.spawn(async move {
            let load = values.get_or_load_borrowed("a", |_| async {
                begun.send(()).unwrap();
                end.notified().await;
                assert!(values.get_cached("b").is_some(), "the loader panics on purpose");
                Ok::<_, Infallible>(1)
            });
            let _ = load.await;
        });
        set
    })
    .await;
}

#[tokio::test]
async fn a_failing_leader_is_told_and_hands_over() {
    follower_takes_over(|values, begun, end| {
        let mut set = JoinSet::new();
        set.spawn(async move {
            let load = values.get_or_load_borrowed("a", |_| async {
                begun.send(()).unwrap();
                end.notified().await;
                Err::<u32, _>("no database")
            });
            let error = load.await.unwrap_err();
            assert_eq!(error.to_string(), "loading `k:a` failed: no database");
            assert!(matches!(error, LoadError::Loader { .. }));
        });
        set
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_follower_leaves_the_leader_alone() {
    let (cache, values) = region().await;
    let (go, told) = oneshot::channel::<()>();
    let leader = tokio::spawn({
        let values = values.clone();
        async move {
            let load = values.get_or_load_borrowed("a", |_| async {
                told.await.unwrap();
                Ok::<_, Infallible>(1)
            });
            *load.await.unwrap()
        }
    });
    tokio::task::yield_now().await;
    let follower = tokio::spawn({
        let values = values.clone();
        async move { values.get_or_load_borrowed("a", |_| async { Ok::<_, Infallible>(2) }).await }
    });
    tokio::task::yield_now().await;
    follower.abort();
    assert!(follower.await.unwrap_err().is_cancelled());
    go.send(()).unwrap();
    assert_eq!(leader.await.unwrap(), 1);
    assert_eq!(cache.stats().loads, 1);
}

#[tokio::test]
async fn a_loader_may_use_the_cache_itself() {
    let (cache, values) = region().await;
    let inner = values.clone();
    let value = values.get_or_load_borrowed("outer", |_| async move {
        let part = inner.get_or_load_borrowed("inner", |_| async { Ok::<_, Infallible>(20) }).await?;
        let _ = inner.invalidate("unrelated").await;
        Ok::<_, LoadError<Infallible>>(*part + 1)
    });
    assert_eq!(*tokio::time::timeout(Duration::from_secs(10), value).await.unwrap().unwrap(), 21);
    assert_eq!(cache.stats().regions["k"].loads, 2);
}

#[tokio::test]
async fn a_region_is_what_it_was_opened_as() {
    let (cache, values) = region().await;
    values.set("a", 1).await.unwrap();
    let again = cache.region::<str, u32>("k", RegionOptions::default()).unwrap();
    assert_eq!(again.get_cached("a").as_deref(), Some(&1));
    for error in [
        cache.region::<str, u64>("k", RegionOptions::default()).unwrap_err(),
        cache.region::<str, u32>("k", RegionOptions::default().schema(2)).unwrap_err(),
    ] {
        assert!(error.to_string().contains("region `k` is already open"), "{error}");
    }
    for name in ["", "a b", "a*"] {
        let error = cache.region::<str, u32>(name, RegionOptions::default()).unwrap_err();
        assert!(error.to_string().contains("region is"), "{error}");
    }
    let error = cache.region::<str, u32>("z", RegionOptions::default().ttl(Duration::ZERO)).unwrap_err();
    assert_eq!(error.to_string(), "cache `flights`: ttl is 0ns, allowed is 1 ms to 365 days");
}
