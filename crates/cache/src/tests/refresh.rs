//! Soft time to live, eager refresh, jitter.

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{EagerRefresh, Freshness, RegionOptions, Why};

pub(super) const REFRESHING: Freshness = Freshness::Stale { why: Why::Refreshing };

pub(super) fn soft() -> RegionOptions {
    RegionOptions::default().ttl(seconds(100)).soft_ttl(seconds(10))
}

/// moka-rs/moka#526 asks for it.
#[tokio::test(start_paused = true)]
async fn past_its_soft_time_a_value_is_served_while_one_load_renews_it() {
    for shape in SHAPES {
        let world = World::new(shape, soft());
        assert_eq!(world.load().await.unwrap().freshness, Freshness::Fresh);
        pass(seconds(9)).await;
        assert_eq!(world.load().await.unwrap().freshness, Freshness::Fresh);
        assert_eq!(world.source.loads(), 1, "{shape:?}");
        pass(seconds(2)).await;
        world.source.hold();
        for _ in 0..20 {
            let hit = world.load().await.unwrap();
            assert_eq!((*hit.value, hit.freshness), (1, REFRESHING), "{shape:?}");
            world.settle().await;
        }
        assert_eq!(world.source.loads(), 2, "{shape:?}: one load renews it");
        world.source.release();
        world.settle().await;
        let hit = world.load().await.unwrap();
        assert_eq!((*hit.value, hit.freshness), (2, Freshness::Fresh), "{shape:?}");
        assert_eq!(world.values.stats().refreshes, 1);
        if shape != Shape::L1 {
            let other = world.load_in(&world.other).await.unwrap();
            assert_eq!(*other.value, 2, "{shape:?}: renewed below as well");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn past_its_hard_time_it_is_not_served() {
    for shape in SHAPES {
        let world = World::new(shape, soft());
        world.load().await.unwrap();
        world.settle().await;
        pass(seconds(99)).await;
        assert_eq!(
            world.values.get_hit("a").await.unwrap().freshness,
            Freshness::Stale { why: Why::NotLoading }
        );
        pass(seconds(2)).await;
        assert!(world.values.get("a").await.is_none() && world.other.get("a").await.is_none(), "{shape:?}");
        assert_eq!(*world.load().await.unwrap().value, 2);
    }
}

/// The first caller pays, the others are served.
#[tokio::test(start_paused = true)]
async fn a_loader_that_borrows_renews_in_its_callers_future() {
    let world = World::new(Shape::L1L2, soft());
    world.load().await.unwrap();
    pass(seconds(11)).await;
    world.source.hold();
    let source = world.source.clone();
    let mut first = std::pin::pin!(world.values.get_or_load_hit_borrowed("a", |_| source.clone().read()));
    assert!(futures::poll!(&mut first).is_pending());
    let second = world.values.get_or_load_hit_borrowed("a", |_| source.clone().read()).await.unwrap();
    assert_eq!((*second.value, second.freshness), (1, REFRESHING));
    world.source.release();
    assert_eq!(*first.await.unwrap().value, 2);
    assert_eq!(world.source.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_first_read_past_the_eager_point_begins_the_one_load() {
    for shape in SHAPES {
        let options = RegionOptions::default().ttl(seconds(10)).eager_refresh(EagerRefresh::At(0.8));
        let world = World::new(shape, options);
        world.load().await.unwrap();
        pass(seconds(7)).await;
        world.load().await.unwrap();
        world.settle().await;
        assert_eq!(world.source.loads(), 1, "{shape:?}: before the point nothing runs");
        pass(seconds(2)).await;
        world.settle().await;
        assert_eq!(world.source.loads(), 1, "{shape:?}: nor by itself after it");
        world.source.hold();
        for _ in 0..10 {
            let hit = world.load().await.unwrap();
            assert_eq!((*hit.value, hit.freshness), (1, Freshness::Fresh), "{shape:?}");
            world.settle().await;
        }
        assert_eq!(world.source.loads(), 2, "{shape:?}");
        world.source.release();
        world.settle().await;
        pass(seconds(5)).await;
        let hit = world.load().await.unwrap();
        assert_eq!((*hit.value, hit.freshness), (2, Freshness::Fresh), "{shape:?}: renewed from then on");
    }
}

/// Another node refreshed: its value is taken, and nothing loaded (ZiggyCreatures/FusionCache#651: an eager refresh asked the
/// source although L2 had the newer value).
#[tokio::test(start_paused = true)]
async fn a_refresh_takes_what_another_node_renewed_already() {
    for shape in [Shape::L1L2, Shape::L1L2L3] {
        let world = World::new(shape, soft());
        world.load().await.unwrap();
        world.load_in(&world.other).await.unwrap();
        pass(seconds(11)).await;
        world.load().await.unwrap();
        world.settle().await;
        assert_eq!(*world.load().await.unwrap().value, 2, "{shape:?}");
        assert_eq!(world.load_in(&world.other).await.unwrap().freshness, REFRESHING);
        world.settle().await;
        assert_eq!(*world.load_in(&world.other).await.unwrap().value, 2, "{shape:?}");
        assert_eq!(world.source.loads(), 2, "{shape:?}");
    }
}

/// A node that restarted is asked by many at once: all are served what lies below, and told how fresh it is.
#[tokio::test(start_paused = true)]
async fn those_who_find_a_stale_value_below_together_are_served_it_and_one_load_renews_it() {
    for shape in [Shape::L1L2, Shape::L1L3, Shape::L1L2L3] {
        let world = World::new(shape, soft());
        world.load().await.unwrap();
        world.settle().await;
        pass(seconds(11)).await;
        world.forget_memory();
        for store in world.l2.iter().chain(&world.l3) {
            store.set_dawdling(true);
        }
        world.source.hold();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (values, source) = (world.values.clone(), world.source.clone());
            callers.spawn(async move {
                let hit = values.get_or_load_hit("a", move |_| source.read()).await.unwrap();
                (*hit.value, hit.freshness)
            });
        }
        assert_eq!(callers.join_all().await, [(1, REFRESHING); 50], "{shape:?}");
        world.settle().await;
        assert_eq!(world.source.loads(), 2, "{shape:?}");
        world.source.release();
        world.settle().await;
        assert_eq!(*world.load().await.unwrap().value, 2, "{shape:?}");
    }
}

/// XFetch: what took long to load is renewed earlier, on average by the paper's share.
#[tokio::test(start_paused = true)]
async fn an_expensive_value_is_renewed_earlier_than_a_cheap_one() {
    const WORLDS: u32 = 200;
    fastrand::seed(7);
    for cost in [seconds(1), seconds(10)] {
        // Read once a second, the read `left` seconds before the end begins the load by a chance of exp(-left / cost).
        let (mut expected, mut not_yet) = (0.0, 1.0);
        for left in (0..100).rev().map(f64::from) {
            let chance = (-left / cost.as_secs_f64()).exp();
            expected += not_yet * chance * left;
            not_yet *= 1.0 - chance;
        }
        let mut renewed_at = 0.0;
        for _ in 0..WORLDS {
            let options = RegionOptions::default().ttl(seconds(100)).eager_refresh(EagerRefresh::ByCost(1.0));
            let world = World::new(Shape::L1, options);
            let source = world.source.clone();
            let slow = move |_| async move {
                tokio::time::sleep(cost).await;
                source.read().await
            };
            world.values.get_or_load("a", slow.clone()).await.unwrap();
            let mut second = 0_u32;
            while world.values.stats().refreshes == 0 && second < 100 {
                pass(seconds(1)).await;
                second += 1;
                world.values.get_or_load("a", slow.clone()).await.unwrap();
            }
            renewed_at += f64::from(second);
        }
        let early = 100.0 - renewed_at / f64::from(WORLDS);
        println!("a load of {cost:?}: {early} s before the end, {expected} expected");
        assert!((early - expected).abs() < 0.15 * expected + 0.1, "{cost:?}: {early}, expected {expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_the_ends_and_never_prolongs() {
    fastrand::seed(11);
    let world = World::new(Shape::L1, RegionOptions::default().ttl(seconds(100)).jitter(0.5));
    let keys: Vec<String> = (0..400).map(|n| format!("n{n}")).collect();
    world.values.set_many(keys.iter().map(|key| (key.as_str(), 1))).await.unwrap();
    let alive = || keys.iter().filter(|key| world.values.peek(key).is_some()).count();
    pass(seconds(49)).await;
    assert_eq!(alive(), 400);
    pass(seconds(26)).await;
    let half = alive();
    assert!((160..240).contains(&half), "after three quarters half are left: {half}");
    pass(seconds(25)).await;
    assert_eq!(alive(), 0);
}
