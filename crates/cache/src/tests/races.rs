//! The races in which an old value outlives its invalidation, each driven by gates.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::stand_in::{Store, node};
use crate::{Cache, Delivery, MemoryConfig, MemoryKind, Region, RegionOptions};

pub(super) type Values = Region<str, u32>;

pub(super) fn region(cache: &Cache) -> Values {
    cache.region("k", RegionOptions::default()).unwrap()
}

fn memories() -> [Cache; 2] {
    [MemoryKind::QuickCache, MemoryKind::Moka]
        .map(|kind| node(None, None, &MemoryConfig::default().kind(kind)))
}

pub(super) fn over(l2: &Arc<Store>) -> Cache {
    node(Some(l2), None, &MemoryConfig::default())
}

/// A load held open: it has begun when this returns, and ends with `value` when told.
pub(super) async fn begin_load(
    values: &Values,
    value: u32,
    tag: Option<&'static str>,
) -> (oneshot::Sender<()>, JoinHandle<u32>) {
    let (begun, has_begun) = oneshot::channel();
    let (go, told) = oneshot::channel::<()>();
    let values = values.clone();
    let task = tokio::spawn(async move {
        let load = values.get_or_load("a", move |cx| async move {
            if let Some(tag) = tag {
                cx.tag(tag);
            }
            begun.send(()).unwrap();
            told.await.unwrap();
            Ok::<_, Infallible>(value)
        });
        *load.await.unwrap()
    });
    has_begun.await.unwrap();
    (go, task)
}

pub(super) async fn load(values: &Values, value: u32) -> u32 {
    *values.get_or_load("a", move |_| async move { Ok::<_, Infallible>(value) }).await.unwrap()
}

/// ZiggyCreatures/FusionCache#625, khromov/mochi#348, OriginTrail/dkg#571, and what moka's `get_with` does with `invalidate`,
/// `invalidate_all`, `invalidate_entries_if` and `insert` during its init.
#[tokio::test]
async fn a_an_invalidation_during_a_load_is_not_lost() {
    for cache in memories() {
        let values = region(&cache);
        for how in ["key", "tag", "pattern", "prefix", "clear"] {
            let (go, task) = begin_load(&values, 7, Some("t")).await;
            let delivery = match how {
                "key" => values.invalidate("a").await,
                "tag" => cache.invalidate_tag("t").await,
                "pattern" => cache.invalidate_pattern("*:a").await,
                "prefix" => cache.invalidate_pattern("k:*").await,
                _ => cache.clear().await,
            };
            assert_eq!(delivery, Delivery::Applied);
            go.send(()).unwrap();
            assert_eq!(task.await.unwrap(), 7, "who asked before the invalidation may be answered");
            assert_eq!(values.get_cached("a"), None, "{how}: the overtaken load was kept in {cache:?}");
            assert_eq!(load(&values, 8).await, 8, "{how}");
            assert!(values.get_cached("a").is_some(), "{how}: the key must be cacheable again");
            let _ = values.invalidate("a").await;
        }
        assert_eq!(cache.stats().l1.refused_fills, 5);
    }
}

/// moka-rs/moka#217 and #545, MystenLabs/sui#20236: `or_insert_with` does not notice an `insert` that came between.
#[tokio::test]
async fn a_value_set_during_a_load_is_not_overwritten_by_it() {
    for cache in memories() {
        let values = region(&cache);
        let (go, task) = begin_load(&values, 7, None).await;
        assert_eq!(values.set("a", 99).await.unwrap(), Delivery::Applied);
        go.send(()).unwrap();
        assert_eq!(task.await.unwrap(), 7);
        assert_eq!(values.get_cached("a").as_deref(), Some(&99));
    }
}

#[tokio::test]
async fn an_unrelated_invalidation_voids_no_load() {
    for cache in memories() {
        let values = region(&cache);
        let (go, task) = begin_load(&values, 7, Some("t")).await;
        let _ = values.invalidate("b").await;
        let _ = cache.invalidate_tag("other").await;
        let _ = cache.invalidate_pattern("other:*").await;
        go.send(()).unwrap();
        task.await.unwrap();
        assert_eq!(values.get_cached("a").as_deref(), Some(&7));
    }
}

/// ZiggyCreatures/FusionCache#613: between L1's removal and L2's, a reader fills L1 from L2 again.
#[tokio::test]
async fn b_a_reader_between_the_two_removals_leaves_nothing_old_in_memory() {
    let l2 = Store::new();
    region(&over(&l2)).set("a", 1).await.unwrap();
    let cache = over(&l2);
    let values = region(&cache);
    let gate = l2.hold("revoke");
    let invalidation = tokio::spawn({
        let values = values.clone();
        async move { values.invalidate("a").await }
    });
    gate.reached.await.unwrap();
    assert_eq!(values.get("a").await.as_deref(), Some(&1), "the invalidation has not returned");
    assert_eq!(values.get_cached("a").as_deref(), Some(&1), "the race is set up");
    gate.go.send(()).unwrap();
    assert_eq!(invalidation.await.unwrap(), Delivery::Applied);
    assert_eq!(values.get_cached("a"), None);
    assert_eq!(values.get("a").await, None);
}

#[tokio::test]
async fn b_a_flight_begun_between_the_two_removals_lands_nothing() {
    let l2 = Store::new();
    let _ = region(&over(&l2)).set("a", 1).await.unwrap();
    let cache = over(&l2);
    let values = region(&cache);
    let revoking = l2.hold("revoke");
    let invalidation = tokio::spawn({
        let values = values.clone();
        async move { values.invalidate("a").await }
    });
    revoking.reached.await.unwrap();
    let reading = l2.hold("read done");
    let reader = tokio::spawn({
        let values = values.clone();
        async move { load(&values, 9).await }
    });
    reading.reached.await.unwrap();
    revoking.go.send(()).unwrap();
    assert_eq!(invalidation.await.unwrap(), Delivery::Applied);
    reading.go.send(()).unwrap();
    assert_eq!(reader.await.unwrap(), 1, "it asked before the invalidation returned");
    assert_eq!(values.get_cached("a"), None);
    assert_eq!(load(&values, 2).await, 2);
}

#[tokio::test]
async fn b_a_reply_of_l2_that_was_overtaken_is_not_kept() {
    for loading in [false, true] {
        let l2 = Store::new();
        region(&over(&l2)).set("a", 1).await.unwrap();
        let cache = over(&l2);
        let values = region(&cache);
        let gate = l2.hold("read done");
        let reader = tokio::spawn({
            let values = values.clone();
            async move {
                if loading { Some(load(&values, 9).await) } else { values.get("a").await.as_deref().copied() }
            }
        });
        gate.reached.await.unwrap();
        let _ = values.invalidate("a").await;
        gate.go.send(()).unwrap();
        assert_eq!(reader.await.unwrap(), Some(1), "it asked before");
        assert_eq!(values.get_cached("a"), None);
        assert_eq!(values.get("a").await, None);
    }
}

/// ZiggyCreatures/FusionCache#535: a tag invalidated while the factory ran was ignored, for the entry was dated by its end.
#[tokio::test]
async fn e_a_tag_invalidated_while_loading_kills_what_gains_it_later() {
    let cache = over(&Store::new());
    let values = region(&cache);
    let (begun, has_begun) = oneshot::channel();
    let (go, told) = oneshot::channel::<()>();
    let task = tokio::spawn({
        let values = values.clone();
        async move {
            let load = values.get_or_load("a", move |cx| async move {
                begun.send(()).unwrap();
                told.await.unwrap();
                cx.tag("late");
                Ok::<_, Infallible>(1)
            });
            load.await.unwrap()
        }
    });
    has_begun.await.unwrap();
    let _ = cache.invalidate_tag("late").await;
    go.send(()).unwrap();
    task.await.unwrap();
    assert_eq!(values.get("a").await, None);
}

#[tokio::test]
async fn f_two_writers_whose_answers_cross_leave_memory_and_l2_agreed() {
    let l2 = Store::new();
    let cache = over(&l2);
    let values = region(&cache);
    let gate = l2.hold("store done");
    let first = tokio::spawn({
        let values = values.clone();
        async move { values.set("a", 1).await.unwrap() }
    });
    gate.reached.await.unwrap();
    let _ = values.set("a", 2).await.unwrap();
    gate.go.send(()).unwrap();
    let _ = first.await.unwrap();
    assert_eq!(values.get("a").await.as_deref(), Some(&2));
    assert_eq!(region(&over(&l2)).get("a").await.as_deref(), Some(&2));
}

#[tokio::test]
async fn g_a_write_behind_that_comes_late_is_refused() {
    let l3 = Store::new();
    let cache = node(None, Some(&l3), &MemoryConfig::default());
    let values = region(&cache);
    let gate = l3.hold("fill");
    assert_eq!(load(&values, 1).await, 1);
    gate.reached.await.unwrap();
    assert_eq!(values.invalidate("a").await, Delivery::Applied);
    gate.go.send(()).unwrap();
    cache.flush().await;
    assert!(!l3.holds("k:a"));
    assert_eq!(cache.stats().l3.unwrap().refused_fills, 1);
}

#[tokio::test]
async fn h_nobody_joins_a_flight_that_began_before_the_invalidation() {
    for cache in memories() {
        let values = region(&cache);
        for how in ["key", "tag", "pattern", "clear"] {
            let (go, old) = begin_load(&values, 1, Some("t")).await;
            let _ = match how {
                "key" => values.invalidate("a").await,
                "tag" => cache.invalidate_tag("t").await,
                "pattern" => cache.invalidate_pattern("k:*").await,
                _ => cache.clear().await,
            };
            let newcomer = tokio::spawn({
                let values = values.clone();
                async move { load(&values, 2).await }
            });
            if how == "tag" {
                // Which tags the flight will have is not known before it lands: the newcomer waits, and then knows better.
                tokio::task::yield_now().await;
                go.send(()).unwrap();
                assert_eq!(newcomer.await.unwrap(), 2, "{how}: a newcomer was given the old value");
            } else {
                let newcomer = tokio::time::timeout(Duration::from_secs(10), newcomer).await;
                assert_eq!(newcomer.expect("it must not wait for the old flight").unwrap(), 2, "{how}");
                go.send(()).unwrap();
            }
            assert_eq!(old.await.unwrap(), 1);
            assert_eq!(values.get_cached("a").as_deref(), Some(&2), "{how}");
            let _ = values.invalidate("a").await;
        }
    }
}
