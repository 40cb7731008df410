//! Fail-safe: old values while loads fail, and never what was invalidated.

use super::world::{ALL_SHAPES, SECOND, SHAPES, Shape, World, pass, seconds};
use crate::{FailSafe, Freshness, RegionOptions, Why};

const FAILED: Freshness = Freshness::Stale { why: Why::LoaderFailed };

fn options() -> RegionOptions {
    let fail_safe = FailSafe::default().max_age(seconds(100)).throttle(seconds(5));
    RegionOptions::default().ttl(seconds(10)).fail_safe(fail_safe)
}

#[tokio::test(start_paused = true)]
async fn an_old_value_is_served_while_loads_fail_and_no_load_is_tried_within_the_throttle() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        assert_eq!(*world.load().await.unwrap().value, 1);
        pass(seconds(11)).await;
        world.source.fail(true);
        for _ in 0..3 {
            let hit = world.load().await.unwrap();
            assert_eq!((*hit.value, hit.freshness), (1, FAILED), "{shape:?}");
        }
        assert_eq!(world.source.loads(), 2, "{shape:?}: one attempt within the throttle");
        pass(seconds(6)).await;
        assert_eq!(world.load().await.unwrap().freshness, FAILED);
        assert_eq!(world.source.loads(), 3, "{shape:?}: another after it");
        world.source.fail(false);
        pass(seconds(6)).await;
        let hit = world.load().await.unwrap();
        assert_eq!((*hit.value, hit.freshness), (4, Freshness::Fresh), "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_older_than_max_age_is_served() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        world.load().await.unwrap();
        world.source.fail(true);
        pass(seconds(99)).await;
        assert_eq!(*world.load().await.unwrap().value, 1, "{shape:?}");
        pass(seconds(2)).await;
        assert!(world.load().await.unwrap_err().is_loader(), "{shape:?}");
    }
}

/// Shared layers keep it physically for as long: a node that restarted, or that never had it, is served as well; and no longer,
/// though each that found it there began to keep it then (ZiggyCreatures/FusionCache#108 and #229: the greatest age was
/// counted anew).
#[tokio::test(start_paused = true)]
async fn an_old_value_is_found_in_the_shared_layers() {
    for shape in [Shape::L1L2, Shape::L1L3, Shape::L1L2L3] {
        let world = World::new(shape, options());
        world.load().await.unwrap();
        world.settle().await;
        pass(seconds(50)).await;
        world.source.fail(true);
        for _ in 0..2 {
            let hit = world.load_in(&world.other).await.unwrap();
            assert_eq!((*hit.value, hit.freshness), (1, FAILED), "{shape:?}");
        }
        assert_eq!(world.source.loads(), 2, "{shape:?}: the throttle holds for what lay below too");
        // A failed load's lease keeps the other node waiting for a second.
        for _ in 0..5 {
            pass(seconds(6)).await;
            assert_eq!(world.load_in(&world.other).await.unwrap().freshness, FAILED, "{shape:?}");
            world.forget_memory();
            assert_eq!(world.load().await.unwrap().freshness, FAILED, "{shape:?}");
        }
        pass(seconds(20)).await;
        assert!(world.load_in(&world.other).await.unwrap_err().is_loader(), "{shape:?}: older than 100 s");
        assert!(world.load().await.unwrap_err().is_loader(), "{shape:?}: older than 100 s");
    }
}

/// ZiggyCreatures/FusionCache#648: a hard clear followed by a failing load served the expired value of L2, where memory was left
/// out.
#[tokio::test(start_paused = true)]
async fn what_was_invalidated_is_never_served_however_the_load_ends() {
    for shape in ALL_SHAPES {
        for how in ["key", "remove", "tag", "pattern", "clear", "region"] {
            for before_expiry in [true, false] {
                let world = World::new(shape, options().tag("t"));
                world.load().await.unwrap();
                world.settle().await;
                if !before_expiry {
                    pass(seconds(11)).await;
                }
                let _ = match how {
                    "key" => world.values.invalidate("a").await,
                    "remove" => world.values.remove("a").await,
                    "tag" => world.cache.invalidate_tag("t").await,
                    "pattern" => world.cache.invalidate_pattern("k:*").await,
                    "region" => world.values.clear().await,
                    _ => world.cache.clear().await,
                };
                if before_expiry {
                    pass(seconds(11)).await;
                }
                world.source.fail(true);
                let what = format!("{shape:?} {how} {before_expiry}");
                assert!(world.load().await.unwrap_err().is_loader(), "{what}");
                assert!(world.values.get("a").await.is_none(), "{what}");
                assert!(world.values.peek("a").is_none(), "{what}");
                if shape != Shape::L1 {
                    world.forget_memory();
                    assert!(world.load().await.unwrap_err().is_loader(), "{what}: below");
                }
            }
        }
    }
}

/// The invalidation comes while the load that is about to fail runs.
#[tokio::test(start_paused = true)]
async fn an_invalidation_during_the_failing_load_leaves_nothing_to_fall_back_on() {
    for shape in SHAPES {
        for how in ["key", "tag"] {
            let world = World::new(shape, options().tag("t"));
            world.load().await.unwrap();
            pass(seconds(11)).await;
            world.source.hold();
            world.source.fail(true);
            let (values, source) = (world.values.clone(), world.source.clone());
            let task = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
            world.settle().await;
            let _ = match how {
                "key" => world.values.invalidate("a").await,
                _ => world.cache.invalidate_tag("t").await,
            };
            world.source.release();
            assert!(task.await.unwrap().unwrap_err().is_loader(), "{shape:?} {how}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reads_that_do_not_load_are_served_old_values_only_if_told_so() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        world.load().await.unwrap();
        let on_reads = options().fail_safe.unwrap().on_reads(true);
        let lenient = world.values.with(|options| options.fail_safe(on_reads)).unwrap();
        pass(seconds(11)).await;
        assert!(world.values.get("a").await.is_none() && world.values.get_cached("a").is_none());
        let hit = lenient.get_hit("a").await.unwrap();
        assert_eq!(hit.freshness, Freshness::Stale { why: Why::NotLoading }, "{shape:?}");
        assert!(lenient.get_cached("a").is_some());
    }
}

/// A call that switches it off sees the loader's error, and does not spoil it for the others.
#[tokio::test(start_paused = true)]
async fn a_call_may_refuse_old_values() {
    let world = World::new(Shape::L1L2, options());
    world.load().await.unwrap();
    pass(seconds(11)).await;
    world.source.fail(true);
    let strict = world.values.with(RegionOptions::no_fail_safe).unwrap();
    assert!(world.load_in(&strict).await.unwrap_err().is_loader());
    assert_eq!(world.load().await.unwrap().freshness, FAILED);
    assert!(world.load_in(&strict).await.unwrap_err().is_loader(), "within the throttle too");
}

/// Many wait for the load that fails: all are served, after one attempt.
#[tokio::test(start_paused = true)]
async fn those_who_waited_for_a_failing_load_are_served_without_loads_of_their_own() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        world.load().await.unwrap();
        pass(seconds(11)).await;
        world.source.hold();
        world.source.fail(true);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (values, source) = (world.values.clone(), world.source.clone());
            tasks.spawn(async move {
                values.get_or_load_hit("a", move |_| source.read()).await.unwrap().freshness
            });
        }
        world.settle().await;
        world.source.release();
        let answers = tasks.join_all().await;
        assert!(answers.iter().all(|freshness| *freshness == FAILED), "{shape:?}");
        assert_eq!(world.source.loads(), 2, "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn stale_reads_are_counted() {
    let world = World::new(Shape::L1, options());
    world.load().await.unwrap();
    pass(seconds(10) + SECOND).await;
    world.source.fail(true);
    world.load().await.unwrap();
    world.load().await.unwrap();
    assert_eq!(world.values.stats().stale, 2);
}
