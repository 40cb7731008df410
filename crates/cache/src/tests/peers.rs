//! Loads and writes of several nodes: one load a key in the fleet, and what becomes of it when its node dies.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::stand_in::{Store, node, node_within};
use crate::{Cache, Delivery, MemoryConfig, Region, RegionOptions, Source};

pub(super) const BOUND: Duration = Duration::from_secs(2);

pub(super) fn within(bound: Duration, l2: &Arc<Store>) -> (Cache, Region<str, u32>) {
    let cache = node_within(bound, Some(l2), None, &MemoryConfig::default());
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

pub(super) fn nodes(l2: &Arc<Store>) -> [(Cache, Region<str, u32>); 2] {
    [(); 2].map(|()| within(BOUND, l2))
}

pub(super) async fn load(values: &Region<str, u32>, value: u32) -> (u32, Source) {
    let load = values.get_or_load_hit("a", move |cx| async move {
        cx.tag("t");
        Ok::<_, Infallible>(value)
    });
    let hit = load.await.unwrap();
    (*hit.value, hit.source)
}

/// Two nodes, one key: the second waits for the first one's load and reads it (dotnet/extensions#6759: each node loaded).
#[tokio::test(start_paused = true)]
async fn one_load_a_key_in_the_fleet() {
    let l2 = Store::new();
    let [(one, here), (other, there)] = nodes(&l2);
    let slow = |values: Region<str, u32>, value: u32| {
        tokio::spawn(async move {
            let load = values.get_or_load("a", move |_| async move {
                // Beyond a lease, which is renewed, and within the others' patience.
                tokio::time::sleep(Duration::from_secs(3)).await;
                Ok::<_, Infallible>(value)
            });
            *load.await.unwrap()
        })
    };
    let loads = [slow(here, 1), slow(there, 2)];
    let mut answers = Vec::new();
    for load in loads {
        answers.push(load.await.unwrap());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(one.stats().loads + other.stats().loads, 1);
}

/// The holder's node dies: its lease ends unrenewed, and another takes over.
#[tokio::test(start_paused = true)]
async fn a_dead_holders_lease_passes_on() {
    let l2 = Store::new();
    let [(_one, here), (other, there)] = nodes(&l2);
    let holder = tokio::spawn(async move {
        let load = here.get_or_load_borrowed("a", |_| std::future::pending::<Result<u32, Infallible>>());
        load.await.map(|value| *value)
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    holder.abort();
    let began = tokio::time::Instant::now();
    assert_eq!(load(&there, 2).await, (2, Source::Loader));
    assert!(began.elapsed() < Duration::from_millis(1_100), "{:?}", began.elapsed());
    assert_eq!(other.stats().l2.unwrap().fills, 1, "and it may commit");
}

/// The lease is the node's: a load of its own that fails, or is dropped, keeps its next one waiting for nothing.
#[tokio::test(start_paused = true)]
async fn a_failed_loads_lease_does_not_hold_up_its_own_node() {
    let l2 = Store::new();
    let (_cache, values) = within(BOUND, &l2);
    let began = tokio::time::Instant::now();
    let failed = values.get_or_load("a", |_| async { Err::<u32, _>("no") }).await;
    assert!(failed.is_err());
    let borrowed = values.get_or_load_borrowed("a", |_| std::future::pending::<Result<u32, Infallible>>());
    assert!(tokio::time::timeout(Duration::from_millis(1), borrowed).await.is_err());
    assert_eq!(load(&values, 2).await, (2, Source::Loader));
    assert!(began.elapsed() < Duration::from_millis(10), "{:?}", began.elapsed());
}

/// A holder that is alive but slower than the others' patience does not stop them.
#[tokio::test(start_paused = true)]
async fn waiting_for_another_nodes_load_is_bounded() {
    let l2 = Store::new();
    let [(_one, here), (_other, there)] = nodes(&l2);
    let holder = tokio::spawn(async move {
        let load = here.get_or_load_borrowed("a", |_| std::future::pending::<Result<u32, Infallible>>());
        load.await.map(|value| *value)
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    let began = tokio::time::Instant::now();
    assert_eq!(load(&there, 2).await, (2, Source::Loader));
    assert!((4_900..5_200).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    holder.abort();
}

/// F: two writers' sets reach the keeper in one order, and all nodes end with the last of it.
#[tokio::test(start_paused = true)]
async fn f_after_two_writers_all_memories_agree_with_the_keeper() {
    let l2 = Store::new();
    let [(_one, here), (_other, there)] = nodes(&l2);
    let gate = l2.hold("store done");
    let first = tokio::spawn({
        let here = here.clone();
        async move { here.set("a", 1).await.unwrap() }
    });
    gate.reached.await.unwrap();
    assert_eq!(there.set("a", 2).await.unwrap(), Delivery::Applied);
    gate.go.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Delivery::Applied);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let fresh = node(Some(&l2), None, &MemoryConfig::default());
    let fresh: Region<str, u32> = fresh.region("k", RegionOptions::default()).unwrap();
    for values in [&here, &there, &fresh] {
        assert_eq!(values.get("a").await.as_deref(), Some(&2));
    }
}

#[tokio::test(start_paused = true)]
async fn loads_are_counted_while_they_run_and_timed_when_they_end() {
    let l2 = Store::new();
    let [(one, here), _] = nodes(&l2);
    let slow = |value| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok::<_, Infallible>(value)
    };
    let mut first = std::pin::pin!(here.get_or_load("a", move |_| slow(1)));
    let mut second = std::pin::pin!(here.get_or_load_borrowed("b", move |_| slow(2)));
    while one.stats().loads_running < 2 {
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        tokio::task::yield_now().await;
    }
    let (first, second) = futures::join!(first, second);
    assert_eq!((*first.unwrap(), *second.unwrap()), (1, 2));
    here.get_or_load("c", |_| async { Err::<u32, _>("no database") }).await.unwrap_err();
    {
        let mut dropped = Box::pin(here.get_or_load_borrowed("d", move |_| slow(4)));
        while one.stats().loads_running < 1 {
            assert!(futures::poll!(&mut dropped).is_pending());
            tokio::task::yield_now().await;
        }
    }
    let stats = here.stats();
    assert_eq!((stats.loads, stats.load_failures, stats.loads_running), (4, 2, 0));
    let times = &stats.load_times;
    assert_eq!((times.count(), times.longest.as_secs(), times.total.as_secs()), (4, 2, 4));
    assert_eq!((stats.l2_hits, stats.l2_misses), (0, 4));
    assert!(one.stats().l2.unwrap().written_bytes > 0);
}
