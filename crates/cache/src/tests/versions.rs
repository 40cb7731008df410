//! Versions of the source: older never takes newer's place.

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{CacheError, RegionOptions};

#[tokio::test(start_paused = true)]
async fn writes_that_arrive_out_of_order_leave_the_newest() {
    for shape in SHAPES {
        let world = World::new(shape, RegionOptions::default());
        world.values.set_versioned("a", 7, 7).await.unwrap();
        let error = world.values.set_versioned("a", 5, 5).await.unwrap_err();
        assert!(matches!(error, CacheError::Outdated { version: 5, .. }), "{shape:?}: {error}");
        assert_eq!(world.values.get("a").await.as_deref(), Some(&7), "{shape:?}");
        world.values.set_versioned("a", 8, 8).await.unwrap();
        world.values.set_versioned("a", 8, 8).await.unwrap();
        assert_eq!(world.values.get("a").await.as_deref(), Some(&8), "{shape:?}");
    }
}

/// The other node wrote the newer version; this one has not heard of it.
#[tokio::test(start_paused = true)]
async fn the_keeper_refuses_what_another_node_overtook() {
    for shape in [Shape::L1L2, Shape::L1L2L3] {
        let world = World::new(shape, RegionOptions::default());
        world.other.set_versioned("a", 7, 7).await.unwrap();
        assert!(world.values.set_versioned("a", 5, 5).await.is_err(), "{shape:?}");
        assert_eq!(world.values.get("a").await.as_deref(), Some(&7), "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_from_a_lagging_replica_is_kept_nowhere() {
    for shape in SHAPES {
        let world = World::new(shape, RegionOptions::default());
        let _ = world.values.invalidate_version("a", 7).await;
        let load = |version: u64| {
            world.values.get_or_load("a", move |cx| async move {
                cx.version(version);
                Ok::<u64, &'static str>(version)
            })
        };
        assert_eq!(*load(5).await.unwrap(), 5, "who asked is answered");
        assert_eq!(world.values.get("a").await, None, "{shape:?}");
        assert_eq!(*load(7).await.unwrap(), 7);
        assert_eq!(world.values.get("a").await.as_deref(), Some(&7), "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_loader_is_told_the_least_version() {
    let world = World::new(Shape::L1L2, RegionOptions::default());
    let _ = world.values.invalidate_version("a", 7).await;
    let load = world.values.get_or_load("a", |cx| async move { Ok::<u64, &'static str>(cx.least_version()) });
    assert_eq!(*load.await.unwrap(), 7);
}

/// A renewed value that turns out to be older than the one it was to replace.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_reads_an_older_version_does_not_replace_a_newer_one() {
    let options = RegionOptions::default().ttl(seconds(100)).soft_ttl(seconds(10));
    let world = World::new(Shape::L1, options);
    let load = |version: u64| {
        world.values.get_or_load("a", move |cx| async move {
            cx.version(version);
            Ok::<u64, &'static str>(version)
        })
    };
    assert_eq!(*load(7).await.unwrap(), 7);
    pass(seconds(11)).await;
    assert_eq!(*load(5).await.unwrap(), 7);
    world.settle().await;
    assert_eq!(world.values.get("a").await.as_deref(), Some(&7));
}

/// Where the keeper cannot say it, this node still knows what it invalidated.
#[tokio::test(start_paused = true)]
async fn a_loader_is_told_the_least_version_without_the_keeper_too() {
    for shape in SHAPES {
        let world = World::new(shape, RegionOptions::default());
        if let Some(l2) = &world.l2 {
            l2.set_down(true);
        }
        let _ = world.values.invalidate_version("a", 7).await;
        let load =
            world.values.get_or_load("a", |cx| async move { Ok::<u64, &'static str>(cx.least_version()) });
        assert_eq!(*load.await.unwrap(), 7, "{shape:?}");
    }
}
