//! The time between two layers that are told of an invalidation, and a durable layer that was not told.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::stand_in::{Store, node_within};
use crate::{Cache, Delivery, MemoryConfig, Region, RegionOptions};

const BOUND: Duration = Duration::from_secs(2);

fn within(l2: &Arc<Store>, l3: &Arc<Store>) -> (Cache, Region<str, u32>) {
    let cache = node_within(BOUND, Some(l2), Some(l3), &MemoryConfig::default());
    let region = cache.region("k", RegionOptions::default()).unwrap();
    (cache, region)
}

async fn load(values: &Region<str, u32>, value: u32) -> u32 {
    *values.get_or_load("a", move |_| async move { Ok::<_, Infallible>(value) }).await.unwrap()
}

async fn hear() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Redis was told and SQL was not yet: who reads now finds the old value in SQL.
#[tokio::test(start_paused = true)]
async fn what_is_found_in_sql_before_it_is_told_is_kept_by_nobody_afterwards() {
    for (by, way) in [("the same", "load"), ("the same", "get"), ("another", "get"), ("another", "load")] {
        let (l2, l3) = (Store::new(), Store::new());
        let ((one, here), (_two, there), (_three, third)) =
            (within(&l2, &l3), within(&l2, &l3), within(&l2, &l3));
        load(&here, 1).await;
        one.flush().await;
        hear().await;
        let gate = l3.hold("revoke");
        let invalidating = tokio::spawn({
            let here = here.clone();
            async move { here.invalidate("a").await }
        });
        gate.reached.await.unwrap();
        hear().await;
        let reader = if by == "another" { &there } else { &here };
        match way {
            "get" => drop(reader.get("a").await),
            _ => drop(load(reader, 2).await),
        }
        gate.go.send(()).unwrap();
        assert_eq!(invalidating.await.unwrap(), Delivery::Applied);
        tokio::time::sleep(BOUND * 3).await;
        for (values, whose) in [(&here, "its own"), (&there, "another's"), (&third, "a third's")] {
            let found = values.get("a").await.map(|value| *value);
            assert_ne!(found, Some(1), "{way} by {by} node: {whose} read, Redis has it: {}", l2.holds("k:a"));
        }
    }
}

/// A file of its own may have missed what others made dead, and what lies there is nothing to give to all.
#[tokio::test(start_paused = true)]
async fn a_node_that_has_not_heard_gives_nobody_what_its_own_file_still_holds() {
    let (l2, here_l3, there_l3) = (Store::new(), Store::private(), Store::private());
    let ((one, here), (two, there)) = (within(&l2, &here_l3), within(&l2, &there_l3));
    load(&there, 1).await;
    two.flush().await;
    assert_eq!(load(&here, 9).await, 1);
    one.flush().await;
    l2.set_deaf(true);
    assert_eq!(here.invalidate("a").await, Delivery::Applied);
    // As after a restart.
    two.inner.l1.clear();
    load(&there, 2).await;
    tokio::time::sleep(BOUND * 3).await;
    assert_ne!(here.get("a").await.as_deref(), Some(&1), "Redis has it: {}", l2.holds("k:a"));
}

#[tokio::test(start_paused = true)]
async fn a_node_without_redis_serves_nothing_from_its_own_file_beyond_the_bound() {
    let (l2, here_l3, there_l3) = (Store::new(), Store::private(), Store::private());
    let ((_one, here), (two, there)) = (within(&l2, &here_l3), within(&l2, &there_l3));
    load(&there, 1).await;
    two.flush().await;
    // The other node is cut off: it hears nothing, and then Redis does not answer it either.
    l2.set_deaf(true);
    assert_eq!(here.invalidate("a").await, Delivery::Applied);
    l2.set_down(true);
    tokio::time::sleep(BOUND * 3).await;
    assert_eq!(load(&there, 2).await, 2, "a load asks the source");
}
