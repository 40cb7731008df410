//! Every public future, polled some times and then dropped: nothing is left behind, and the next call answers.

use std::future::Future;
use std::pin::Pin;

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{EagerRefresh, FailSafe, LoadTimeouts, RegionOptions};

type Step<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

const FUTURES: [&str; 17] = [
    "get",
    "get_many",
    "get_or_load",
    "hit",
    "optional",
    "borrowed",
    "batch",
    "set",
    "set_many",
    "versioned",
    "invalidate",
    "many",
    "pattern",
    "tag",
    "clear",
    "region clear",
    "explain",
];

fn start<'a>(world: &'a World, name: &str) -> Step<'a> {
    let (values, cache, source) = (&world.values, &world.cache, world.source.clone());
    match name {
        "get" => Box::pin(async { _ = values.get("a").await }),
        "get_many" => Box::pin(async { _ = values.get_many(["a", "b"]).await }),
        "get_or_load" => Box::pin(async { _ = values.get_or_load("a", move |_| slow(source)).await }),
        "hit" => Box::pin(async { _ = values.get_or_load_hit("a", move |_| slow(source)).await }),
        "optional" => Box::pin(async { _ = values.get_or_load_optional("a", move |_| slow(source)).await }),
        "borrowed" => Box::pin(async { _ = values.get_or_load_borrowed("a", move |_| slow(source)).await }),
        "batch" => Box::pin(async {
            let load = values.get_many_or_load(["a", "b"], |missing| async move {
                tokio::task::yield_now().await;
                Ok::<_, &'static str>(vec![1_u64; missing.len()])
            });
            drop(load.await);
        }),
        "set" => Box::pin(async { _ = values.set("a", 1).await }),
        "set_many" => Box::pin(async { _ = values.set_many([("a", 1), ("b", 2)]).await }),
        "versioned" => Box::pin(async { _ = values.set_versioned("a", 1, 9).await }),
        "invalidate" => Box::pin(async { _ = values.invalidate("a").await }),
        "many" => Box::pin(async { _ = values.invalidate_many(["a", "b"]).await }),
        "pattern" => Box::pin(async { _ = values.invalidate_pattern("*").await }),
        "tag" => Box::pin(async { _ = cache.invalidate_tag("t").await }),
        "clear" => Box::pin(async { _ = cache.clear().await }),
        "region clear" => Box::pin(async { _ = values.clear().await }),
        _ => Box::pin(async { _ = values.explain("a").await }),
    }
}

async fn slow(source: super::world::Source) -> Result<u64, &'static str> {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    source.read().await
}

#[tokio::test(start_paused = true)]
async fn a_future_dropped_at_any_poll_leaves_a_cache_that_answers() {
    let mut dropped_early = 0;
    for shape in SHAPES {
        for background in [true, false] {
            for name in FUTURES {
                for polls in 0..12 {
                    let options = RegionOptions::default()
                        .ttl(seconds(10))
                        .soft_ttl(seconds(5))
                        .eager_refresh(EagerRefresh::At(0.5))
                        .fail_safe(FailSafe::default())
                        .tag("t")
                        .timeouts(LoadTimeouts::default().hard(seconds(3)).background(background));
                    let world = World::new(shape, options);
                    // Each step of a shared layer is a wait, so that there is something to be dropped at.
                    for store in world.l2.iter().chain(&world.l3) {
                        store.set_dawdling(true);
                    }
                    if polls % 2 == 1 {
                        world.load().await.unwrap();
                        pass(seconds(if polls % 4 == 1 { 6 } else { 11 })).await;
                    }
                    let mut future = start(&world, name);
                    let mut done = false;
                    for _ in 0..polls {
                        if futures::poll!(&mut future).is_ready() {
                            done = true;
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                    dropped_early += u32::from(!done && polls > 0);
                    drop(future);
                    let what = format!("{shape:?} {name} after {polls} polls, background {background}");
                    world.settle().await;
                    pass(seconds(2)).await;
                    let before = world.source.loads();
                    let answer = tokio::time::timeout(seconds(60), world.load()).await.expect(&what);
                    assert!(*answer.expect(&what).value > 0, "{what}");
                    world.settle().await;
                    assert!(
                        !world.values.explain("a").await.loading,
                        "{what}: a flight is left on the board"
                    );
                    assert!(world.source.loads() <= before + 1, "{what}");
                    // What was owed is told with the next read of the layer.
                    let _ = world.values.get("not there").await;
                    for layer in [world.cache.stats().l2, world.cache.stats().l3].into_iter().flatten() {
                        assert_eq!(layer.owed_invalidations, 0, "{what}");
                    }
                }
            }
        }
    }
    println!("{dropped_early} dropped before their end");
    assert!(dropped_early > 300, "{dropped_early}");
}

/// The same for whoever waits for another's load, which must not end with them.
#[tokio::test(start_paused = true)]
async fn followers_dropped_at_any_poll_leave_the_leader_alone() {
    for name in ["get_or_load", "hit", "optional", "borrowed", "batch"] {
        for polls in 1..6 {
            let world = World::new(Shape::L1L2, RegionOptions::default());
            world.source.hold();
            let (values, source) = (world.values.clone(), world.source.clone());
            let leader = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
            world.settle().await;
            let mut follower = start(&world, name);
            for _ in 0..polls {
                assert!(futures::poll!(&mut follower).is_pending());
                tokio::task::yield_now().await;
            }
            drop(follower);
            world.source.release();
            assert_eq!(*leader.await.unwrap().unwrap(), 1, "{name} {polls}");
        }
    }
}
