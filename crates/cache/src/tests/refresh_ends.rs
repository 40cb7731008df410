//! A renewal that fails, panics, is overtaken, or outlives its caller.

use super::refresh::{REFRESHING, soft};
use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{EagerRefresh, FailSafe, Freshness, RegionOptions, Why};

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_leaves_the_value_and_is_tried_again_later() {
    for shape in SHAPES {
        let world = World::new(shape, soft());
        world.load().await.unwrap();
        pass(seconds(11)).await;
        world.source.fail(true);
        assert_eq!(world.load().await.unwrap().freshness, REFRESHING);
        world.settle().await;
        let failed = Freshness::Stale { why: Why::LoaderFailed };
        assert_eq!(world.load().await.unwrap().freshness, failed, "{shape:?}");
        assert_eq!(world.source.loads(), 2, "{shape:?}");
        pass(seconds(2)).await;
        world.source.fail(false);
        assert_eq!(world.load().await.unwrap().freshness, REFRESHING, "{shape:?}");
        world.settle().await;
        assert_eq!(*world.load().await.unwrap().value, 3, "{shape:?}");
    }
}

/// Nobody was given anything old, and nobody read it: it slides no further either.
#[tokio::test(start_paused = true)]
async fn an_eager_refresh_that_fails_is_no_stale_answer_and_no_read() {
    for shape in SHAPES {
        let options = RegionOptions::default().ttl(seconds(20)).eager_refresh(EagerRefresh::At(0.5));
        let world = World::new(shape, options.sliding(seconds(5)).fail_safe(FailSafe::default()));
        world.load().await.unwrap();
        for _ in 0..3 {
            pass(seconds(4)).await;
            world.source.fail(true);
            assert_eq!(world.load().await.unwrap().freshness, Freshness::Fresh, "{shape:?}");
            world.settle().await;
        }
        let stats = world.values.stats();
        assert_eq!((stats.refreshes, stats.load_failures, stats.stale), (1, 1, 0), "{shape:?}");
    }
}

/// An invalidation while the refresh runs: the old value is gone, and the refresh lands nothing (ZiggyCreatures/FusionCache#628:
/// a tag invalidated during an eager refresh was lost, for what it loaded was dated by its end).
#[tokio::test(start_paused = true)]
async fn an_invalidation_during_a_refresh_voids_it() {
    for shape in SHAPES {
        for (eager, how) in [false, true].into_iter().flat_map(|eager| {
            ["key", "tag", "pattern", "region", "clear", "set"].map(move |how| (eager, how))
        }) {
            let options = if eager {
                RegionOptions::default().ttl(seconds(20)).eager_refresh(EagerRefresh::At(0.5))
            } else {
                soft()
            };
            let world = World::new(shape, options.tag("t"));
            world.load().await.unwrap();
            pass(seconds(11)).await;
            world.source.hold();
            world.load().await.unwrap();
            world.settle().await;
            let what = format!("{shape:?}, eager {eager}, {how}");
            assert_eq!(world.source.loads(), 2, "{what}: the refresh runs");
            match how {
                "key" => drop(world.values.invalidate("a").await),
                "tag" => drop(world.cache.invalidate_tag("t").await),
                "pattern" => drop(world.values.invalidate_pattern("a*").await),
                "region" => drop(world.values.clear().await),
                "clear" => drop(world.cache.clear().await),
                _ => drop(world.values.set("a", 99).await.unwrap()),
            }
            world.source.release();
            world.settle().await;
            let expected = (how == "set").then_some(99);
            assert_eq!(world.values.get("a").await.as_deref().copied(), expected, "{what}");
            world.forget_memory();
            let below = expected.filter(|_| shape != Shape::L1);
            assert_eq!(world.values.get("a").await.as_deref().copied(), below, "{what}: below");
            assert_eq!(*world.load().await.unwrap().value, below.unwrap_or(3), "{what}");
        }
    }
}

/// With fail-safe, the throttle says when the next refresh is tried.
#[tokio::test(start_paused = true)]
async fn a_failed_refresh_waits_for_fail_safes_throttle() {
    let fail_safe = FailSafe::default().throttle(seconds(30));
    let world = World::new(Shape::L1, soft().fail_safe(fail_safe));
    world.load().await.unwrap();
    pass(seconds(11)).await;
    world.source.fail(true);
    world.load().await.unwrap();
    world.settle().await;
    for _ in 0..29 {
        pass(seconds(1)).await;
        world.load().await.unwrap();
        world.settle().await;
    }
    assert_eq!(world.source.loads(), 2);
    pass(seconds(2)).await;
    world.load().await.unwrap();
    world.settle().await;
    assert_eq!(world.source.loads(), 3);
}

/// ZiggyCreatures/FusionCache#647: a factory that threw before it answered its future kept the key's lock, and whoever came
/// after the entry was gone waited for ever.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_panics_is_tried_again() {
    for early in [true, false] {
        for removed in [true, false] {
            let world = World::new(Shape::L1L2, soft());
            world.load().await.unwrap();
            pass(seconds(11)).await;
            let began = tokio::time::Instant::now();
            let in_time = move || assert!(began.elapsed() > seconds(1_000), "the loader panics on purpose");
            let panics = world.values.get_or_load("a", move |_| {
                if early {
                    in_time();
                }
                async move {
                    in_time();
                    Ok::<u64, &'static str>(9)
                }
            });
            assert_eq!(*panics.await.unwrap(), 1);
            world.settle().await;
            if removed {
                let _ = world.values.invalidate("a").await;
            } else {
                assert_eq!(world.load().await.unwrap().freshness, REFRESHING, "early {early}");
                world.settle().await;
            }
            let answer = tokio::time::timeout(seconds(2), world.load()).await.expect("nothing is held");
            assert_eq!(*answer.unwrap().value, 2, "early {early}, removed {removed}");
        }
    }
}

/// ZiggyCreatures/FusionCache#218: a caller who left cancelled the eager refresh it had begun, whose lock was never released:
/// at the end of the value's life all waited in vain.
#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_takes_no_refresh_along() {
    for eager in [true, false] {
        let options = if eager {
            RegionOptions::default().ttl(seconds(20)).eager_refresh(EagerRefresh::At(0.5))
        } else {
            RegionOptions::default().ttl(seconds(20)).soft_ttl(seconds(10))
        };
        let world = World::new(Shape::L1L2, options);
        world.load().await.unwrap();
        pass(seconds(11)).await;
        world.source.hold();
        let (values, source) = (world.values.clone(), world.source.clone());
        let caller = tokio::spawn(async move {
            values.get_or_load("a", move |_| source.read()).await.unwrap();
            std::future::pending::<()>().await;
        });
        world.settle().await;
        assert_eq!(world.source.loads(), 2, "eager {eager}: the refresh runs");
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        // Its time is over: whoever comes waits for the refresh, which goes on.
        pass(seconds(10)).await;
        let (values, source) = (world.values.clone(), world.source.clone());
        let waiting = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
        world.settle().await;
        world.source.release();
        let answer = tokio::time::timeout(seconds(1), waiting).await.expect("nobody waits in vain");
        assert_eq!((*answer.unwrap().unwrap(), world.source.loads()), (2, 2), "eager {eager}");
    }
}
