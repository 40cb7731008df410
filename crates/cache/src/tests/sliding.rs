//! Sliding: alive while it is read.

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{Loaded, RegionOptions};

fn options() -> RegionOptions {
    RegionOptions::default().ttl(seconds(100)).sliding(seconds(10))
}

#[tokio::test(start_paused = true)]
async fn a_value_dies_unread_lives_while_read_and_never_beyond_its_time() {
    for shape in SHAPES {
        for how in ["get_cached", "get", "get_or_load", "touch", "get_many"] {
            let world = World::new(shape, options());
            world.load().await.unwrap();
            for _ in 0..10 {
                pass(seconds(9)).await;
                let alive = match how {
                    "get_cached" => world.values.get_cached("a").is_some(),
                    "get" => world.values.get("a").await.is_some(),
                    "touch" => world.values.touch("a"),
                    "get_many" => world.values.get_many(["a"]).await[0].is_some(),
                    _ => *world.load().await.unwrap().value == 1,
                };
                assert!(alive, "{shape:?} {how}");
                world.settle().await;
            }
            pass(seconds(9)).await;
            assert!(world.values.get_cached("a").is_some(), "{shape:?} {how}: 99 s");
            pass(seconds(2)).await;
            assert!(world.values.get("a").await.is_none(), "{shape:?} {how}: its time is over");
        }
        let world = World::new(shape, options());
        world.load().await.unwrap();
        world.settle().await;
        pass(seconds(10)).await;
        assert!(world.values.get_cached("a").is_none() && world.values.get("a").await.is_none(), "{shape:?}");
        assert!(!world.values.touch("a"));
        assert_eq!(*world.load().await.unwrap().value, 2);
    }
}

/// Reads in one node's memory keep the shared copy alive for the others.
#[tokio::test(start_paused = true)]
async fn a_value_read_here_lives_on_below() {
    for shape in [Shape::L1L2, Shape::L1L3, Shape::L1L2L3] {
        let world = World::new(shape, options());
        world.load().await.unwrap();
        world.settle().await;
        for _ in 0..5 {
            pass(seconds(6)).await;
            assert!(world.values.get("a").await.is_some());
            world.settle().await;
        }
        assert_eq!(world.other.get("a").await.as_deref(), Some(&1), "{shape:?}: after 30 s");
    }
}

/// An invalidation between the read and its word to the shared layers wins.
#[tokio::test(start_paused = true)]
async fn prolonging_revives_nothing() {
    for shape in [Shape::L1L2, Shape::L1L3, Shape::L1L2L3] {
        let world = World::new(shape, options());
        world.load().await.unwrap();
        world.settle().await;
        pass(seconds(6)).await;
        let store = if shape == Shape::L1L3 { &world.l3 } else { &world.l2 };
        let gate = store.as_ref().unwrap().hold("prolong");
        assert!(world.values.touch("a"));
        gate.reached.await.unwrap();
        let _ = world.values.invalidate("a").await;
        gate.go.send(()).unwrap();
        world.settle().await;
        assert!(world.values.get("a").await.is_none(), "{shape:?}");
        assert!(world.other.get("a").await.is_none(), "{shape:?}");
    }
}

/// Word of a read that comes late says nothing of the value that has taken its place, though both were born at one moment.
#[tokio::test(start_paused = true)]
async fn prolonging_brings_back_nothing_that_was_renewed() {
    for shape in [Shape::L1L2, Shape::L1L3, Shape::L1L2L3] {
        for absent in [false, true] {
            let world = World::new(shape, options().soft_ttl(seconds(6)).negative_ttl(seconds(3)));
            world.load().await.unwrap();
            world.settle().await;
            pass(seconds(7)).await;
            let store = if shape == Shape::L1L3 { &world.l3 } else { &world.l2 };
            let gate = store.as_ref().unwrap().hold("prolong");
            let source = world.source.clone();
            let load = world.values.get_or_load_hit("a", move |_| async move {
                source.read().await.map(|value| if absent { Loaded::Absent } else { Loaded::Value(value) })
            });
            assert!(load.await.unwrap().freshness.is_stale(), "{shape:?}: served while it is renewed");
            gate.reached.await.unwrap();
            world.settle().await;
            gate.go.send(()).unwrap();
            world.settle().await;
            let renewed = (!absent).then_some(2);
            assert_eq!(world.other.get("a").await.as_deref().copied(), renewed, "{shape:?}");
            pass(seconds(4)).await;
            world.forget_memory();
            assert_eq!(world.values.get("a").await.as_deref().copied(), renewed, "{shape:?}: nor later");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn peeking_keeps_nothing_alive() {
    let world = World::new(Shape::L1, options());
    world.load().await.unwrap();
    pass(seconds(9)).await;
    assert!(world.values.peek("a").is_some());
    pass(seconds(2)).await;
    assert!(world.values.peek("a").is_none());
}
