//! Absences: remembered for their own time, in every layer, and ended by whatever ends a value.

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{FailSafe, LoadError, Loaded, RegionOptions};

fn options() -> RegionOptions {
    RegionOptions::default().ttl(seconds(100)).negative_ttl(seconds(10))
}

async fn absent(world: &World) -> Option<u64> {
    let source = world.source.clone();
    let load = world.values.get_or_load_optional("a", move |cx| async move {
        cx.tag("t");
        source.answer(Loaded::Absent).await
    });
    load.await.unwrap().map(|value| *value)
}

#[tokio::test(start_paused = true)]
async fn an_absence_is_remembered_for_its_own_time() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        for _ in 0..3 {
            assert_eq!(absent(&world).await, None);
        }
        assert_eq!(world.source.loads(), 1, "{shape:?}");
        let reads = world.l2.as_ref().map(|l2| l2.reads());
        assert!(world.values.get("a").await.is_none() && world.values.get_cached("a").is_none());
        assert_eq!(world.l2.as_ref().map(|l2| l2.reads()), reads, "{shape:?}: known, so nobody is asked");
        let error = world.load().await.unwrap_err();
        assert!(error.is_absent() && matches!(error, LoadError::Absent { .. }), "{shape:?}");
        if shape != Shape::L1 {
            world.settle().await;
            world.forget_memory();
            assert_eq!(absent(&world).await, None);
            assert_eq!(world.source.loads(), 1, "{shape:?}: it lies below too");
        }
        pass(seconds(11)).await;
        assert_eq!(*world.load().await.unwrap().value, 2, "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_negative_time_every_call_asks_again() {
    let world = World::new(Shape::L1L2, RegionOptions::default());
    for n in 1..=3 {
        assert_eq!(absent(&world).await, None);
        assert_eq!(world.source.loads(), n);
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_a_value_ends_an_absence() {
    for shape in SHAPES {
        for how in ["key", "tag", "pattern", "clear", "set"] {
            let world = World::new(shape, options());
            absent(&world).await;
            world.settle().await;
            match how {
                "key" => drop(world.values.invalidate("a").await),
                "tag" => drop(world.cache.invalidate_tag("t").await),
                "pattern" => drop(world.values.invalidate_pattern("a*").await),
                "clear" => drop(world.values.clear().await),
                _ => drop(world.values.set("a", 99).await.unwrap()),
            }
            let expected = if how == "set" { 99 } else { 2 };
            assert_eq!(*world.load().await.unwrap().value, expected, "{shape:?} {how}");
        }
    }
}

/// An absence that is not to be remembered still ends the value before it: fail-safe must not come back to it.
#[tokio::test(start_paused = true)]
async fn what_the_source_says_is_gone_is_not_served_by_fail_safe() {
    for shape in SHAPES {
        for batch in [false, true] {
            let world =
                World::new(shape, RegionOptions::default().ttl(seconds(10)).fail_safe(FailSafe::default()));
            world.load().await.unwrap();
            world.settle().await;
            pass(seconds(11)).await;
            if batch {
                let load = world
                    .values
                    .get_many_or_load(["a"], |_| async { Ok::<_, &'static str>([None].to_vec()) });
                assert_eq!(load.await.unwrap(), [None]);
            } else {
                assert_eq!(absent(&world).await, None);
            }
            pass(seconds(2)).await;
            world.source.fail(true);
            assert!(world.load().await.unwrap_err().is_loader(), "{shape:?} {batch}");
            world.forget_memory();
            assert!(world.load().await.unwrap_err().is_loader(), "{shape:?} {batch}: below");
        }
    }
}
