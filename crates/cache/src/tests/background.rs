//! A caller who is dropped: what leads goes on behind, or hands over.

use super::world::{SHAPES, Shape, World};
use crate::{LoadTimeouts, RegionOptions};

#[tokio::test(start_paused = true)]
async fn a_dropped_leaders_load_goes_on_and_answers_its_followers() {
    for shape in SHAPES {
        let world = World::new(shape, RegionOptions::default());
        world.source.hold();
        let spawn = || {
            let (values, source) = (world.values.clone(), world.source.clone());
            tokio::spawn(async move { *values.get_or_load("a", move |_| source.read()).await.unwrap() })
        };
        let leader = spawn();
        world.settle().await;
        let followers = [spawn(), spawn()];
        world.settle().await;
        leader.abort();
        assert!(leader.await.unwrap_err().is_cancelled());
        world.settle().await;
        assert_eq!(world.source.loads(), 1, "{shape:?}: nobody took over");
        world.source.release();
        for follower in followers {
            assert_eq!(follower.await.unwrap(), 1, "{shape:?}");
        }
        assert_eq!(world.values.get_cached("a").as_deref(), Some(&1));
        assert_eq!(world.values.stats().load_failures, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn with_background_off_a_dropped_leader_hands_over() {
    let timeouts = LoadTimeouts::default().background(false);
    let world = World::new(Shape::L1L2, RegionOptions::default().timeouts(timeouts));
    world.source.hold();
    let spawn = || {
        let (values, source) = (world.values.clone(), world.source.clone());
        tokio::spawn(async move { *values.get_or_load("a", move |_| source.read()).await.unwrap() })
    };
    let leader = spawn();
    world.settle().await;
    let follower = spawn();
    world.settle().await;
    leader.abort();
    // The keeper hears no more of the dropped load, and its lease ends.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(world.source.loads(), 2, "the follower leads now");
    world.source.release();
    assert_eq!(follower.await.unwrap(), 2);
}

/// A follower that is dropped takes nothing with it, and begins nothing behind.
#[tokio::test(start_paused = true)]
async fn a_dropped_follower_goes_on_nowhere() {
    let world = World::new(Shape::L1, RegionOptions::default());
    world.source.hold();
    world.source.fail(true);
    let (values, source) = (world.values.clone(), world.source.clone());
    let leader = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
    world.settle().await;
    let (values, source) = (world.values.clone(), world.source.clone());
    let follower = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
    world.settle().await;
    follower.abort();
    world.settle().await;
    world.source.release();
    assert!(leader.await.unwrap().unwrap_err().is_loader());
    world.settle().await;
    assert_eq!(world.source.loads(), 1, "the lead fell to nobody");
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_panics_behind_strands_nobody() {
    let world = World::new(Shape::L1, RegionOptions::default());
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (go, told) = tokio::sync::oneshot::channel::<()>();
    let (values, begun_at) = (world.values.clone(), tokio::time::Instant::now());
    let leader = tokio::spawn(async move {
        let load = values.get_or_load("a", move |_| async move {
            begun.send(()).unwrap();
            told.await.unwrap();
            assert!(begun_at.elapsed().is_zero(), "the loader panics on purpose");
            Ok::<u64, &'static str>(1)
        });
        load.await.map(drop)
    });
    has_begun.await.unwrap();
    leader.abort();
    world.settle().await;
    let (values, source) = (world.values.clone(), world.source.clone());
    let follower =
        tokio::spawn(async move { *values.get_or_load("a", move |_| source.read()).await.unwrap() });
    world.settle().await;
    tokio::time::advance(std::time::Duration::from_millis(1)).await;
    go.send(()).unwrap();
    assert_eq!(follower.await.unwrap(), 1);
    assert_eq!(world.values.stats().load_failures, 1, "it did panic");
}
