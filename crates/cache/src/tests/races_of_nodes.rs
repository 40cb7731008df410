//! The races in which an old value outlives its invalidation on another node, or by another clock.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::races::{Values, begin_load, load, over, region};
use super::stand_in::{Store, node};
use crate::stamps::Target;
use crate::{Cache, Delivery, MemoryConfig};

/// redis-rs/redis-rs#2526: a reply that was overtaken by its own invalidation while in flight was cached. The announcement may
/// come before the reply is read, or with it.
#[tokio::test(start_paused = true)]
async fn b_a_reply_that_another_nodes_invalidation_overtook_is_not_kept() {
    for (how, loading) in
        ["key", "tag", "pattern", "clear", "set"].into_iter().flat_map(|how| [(how, false), (how, true)])
    {
        let l2 = Store::new();
        let (one, other) = (over(&l2), over(&l2));
        let (here, there) = (region(&one), region(&other));
        let (go, task) = begin_load(&here, 1, Some("t")).await;
        go.send(()).unwrap();
        task.await.unwrap();
        let gate = l2.hold("read done");
        let reader = tokio::spawn({
            let there = there.clone();
            async move {
                if loading { Some(load(&there, 9).await) } else { there.get("a").await.as_deref().copied() }
            }
        });
        gate.reached.await.unwrap();
        let delivery = match how {
            "key" => here.invalidate("a").await,
            "tag" => one.invalidate_tag("t").await,
            "pattern" => one.invalidate_pattern("k:*").await,
            "set" => here.set("a", 2).await.unwrap(),
            _ => one.clear().await,
        };
        assert_eq!(delivery, Delivery::Applied);
        // The announcement is heard.
        tokio::time::sleep(Duration::from_millis(1)).await;
        gate.go.send(()).unwrap();
        let given = reader.await.unwrap();
        assert!(matches!(given, None | Some(1)) || loading, "{how}: it asked before");
        assert_ne!(there.get_cached("a").as_deref(), Some(&1), "{how}, loading {loading}");
        let now = (how == "set").then_some(2);
        assert!(
            matches!(there.get("a").await.as_deref().copied(), at if at == now || (loading && at == Some(9)))
        );
    }
}

#[tokio::test]
async fn c_a_load_on_one_node_does_not_land_in_l2_after_anothers_invalidation() {
    for how in ["key", "tag", "pattern", "clear"] {
        let l2 = Store::new();
        let (one, other) = (over(&l2), over(&l2));
        let (here, there) = (region(&one), region(&other));
        let (go, task) = begin_load(&here, 1, Some("t")).await;
        let _ = match how {
            "key" => there.invalidate("a").await,
            "tag" => other.invalidate_tag("t").await,
            "pattern" => other.invalidate_pattern("k:*").await,
            _ => other.clear().await,
        };
        go.send(()).unwrap();
        task.await.unwrap();
        assert_eq!(there.get("a").await, None, "{how}: node two reads what node one loaded before");
        assert_eq!(region(&over(&l2)).get("a").await, None, "{how}: and so does a third");
        assert_eq!(load(&there, 2).await, 2);
        assert_eq!(region(&over(&l2)).get("a").await.as_deref(), Some(&2), "{how}: L2 takes values again");
    }
}

#[tokio::test]
async fn i_a_keeper_that_lost_its_memory_costs_ours() {
    let l2 = Store::new();
    let cache = over(&l2);
    let values = region(&cache);
    assert_eq!(load(&values, 1).await, 1);
    let (go, task) = begin_load_of(&values, "slow").await;
    l2.lose_everything();
    in_epoch(&cache, 2).await;
    assert_eq!(values.get_cached("a"), None, "what was stamped in the lost epoch is unknown");
    go.send(()).unwrap();
    task.await.unwrap();
    assert_eq!(values.get("slow").await, None, "a load of the lost epoch fills nothing");
}

async fn begin_load_of(values: &Values, key: &'static str) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (begun, has_begun) = oneshot::channel();
    let (go, told) = oneshot::channel::<()>();
    let values = values.clone();
    let task = tokio::spawn(async move {
        let load = values.get_or_load(key, move |_| async move {
            begun.send(()).unwrap();
            told.await.unwrap();
            Ok::<_, Infallible>(1)
        });
        load.await.unwrap();
    });
    has_begun.await.unwrap();
    (go, task)
}

/// Waits until the node has resynchronised with a keeper that began this epoch.
async fn in_epoch(cache: &Cache, epoch: u64) {
    let resynchronised = async {
        while cache.inner.standing.epoch() != epoch || cache.coherence().suspect {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), resynchronised).await.unwrap();
}

/// ZiggyCreatures/FusionCache#627: a tag's mark that had gone from memory was read from L2 again, dated anew and told to all, and
/// cost the whole cluster what was younger. A stamp that is read, replayed, told again or arrives late, and one that gave way
/// to the floor, is as old as it was.
#[tokio::test(start_paused = true)]
async fn a_stamp_heard_again_invalidates_nothing_new() {
    for again in ["read", "replayed", "told again", "a floor", "a new node"] {
        let l2 = Store::new();
        let bounded = MemoryConfig::default().stamps(8);
        let nodes = [(); 2].map(|()| node(Some(&l2), None, &bounded));
        let [one, other] = &nodes;
        assert_eq!(one.invalidate_tag("t").await, Delivery::Applied);
        let clock = one.inner.clock.read();
        let (go, task) = begin_load(&region(one), 1, Some("t")).await;
        go.send(()).unwrap();
        task.await.unwrap();
        assert_eq!(region(other).get("a").await.as_deref(), Some(&1));
        match again {
            "read" => {
                for node in &nodes {
                    let _ = region(node).get("not there").await;
                }
            }
            "replayed" => {
                l2.set_deaf(true);
                let _ = one.invalidate_tag("unrelated").await;
                l2.cut(other);
                tokio::time::sleep(Duration::from_secs(1)).await;
                l2.set_deaf(false);
                assert!(
                    !other.coherence().suspect && other.coherence().suspicions > 0,
                    "it was told all again"
                );
            }
            "told again" => {
                for node in &nodes {
                    node.inner.stamps.record(&Target::Tag("t".into()), clock);
                }
            }
            "a floor" => {
                // Stamps that are older than the value, each beyond the bound raising the floor.
                for n in 1..100 {
                    other.inner.stamps.record(&Target::Tag(format!("old {n}").into()), clock - 100 + n);
                }
            }
            _ => drop(region(&node(Some(&l2), None, &bounded)).get("a").await),
        }
        for node in &nodes {
            assert_eq!(region(node).get_cached("a").as_deref(), Some(&1), "{again}");
        }
        let fresh = node(Some(&l2), None, &bounded);
        assert_eq!(region(&fresh).get("a").await.as_deref(), Some(&1), "{again}");
        // It is a mark all the same.
        assert_eq!(other.invalidate_tag("t").await, Delivery::Applied);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(region(one).get("a").await, None, "{again}");
    }
}

/// A load may begin between the first stamping, by a clock that is behind the keeper's, and the keeper's own.
#[tokio::test(start_paused = true)]
async fn e_a_load_begun_while_a_tag_is_being_invalidated_is_not_kept_on_a_node_whose_clock_is_behind() {
    let l2 = Store::new();
    let (cache, ahead) = (over(&l2), over(&l2));
    for _ in 0..5 {
        let _ = ahead.invalidate_tag("unrelated").await;
    }
    let values = region(&cache);
    let gate = l2.hold("stamp");
    let invalidation = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_tag("t").await }
    });
    gate.reached.await.unwrap();
    let (go, task) = begin_load(&values, 1, Some("t")).await;
    gate.go.send(()).unwrap();
    assert_eq!(invalidation.await.unwrap(), Delivery::Applied);
    go.send(()).unwrap();
    task.await.unwrap();
    assert_eq!(values.get_cached("a"), None);
    assert_eq!(values.get("a").await, None);
}
