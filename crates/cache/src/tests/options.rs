//! Options as data: their layers, their ranges, all problems at once.

use super::world::{Shape, World, pass, seconds};
use crate::{Cache, CacheError, CacheKeyBuilder, EagerRefresh, FailSafe, Key, LoadTimeouts, RegionOptions};

#[test]
fn every_problem_is_named_at_once() {
    let options = RegionOptions::default()
        .ttl(seconds(10))
        .soft_ttl(seconds(11))
        .sliding(seconds(12))
        .jitter(0.9)
        .fail_safe(FailSafe::default().max_age(seconds(1)).throttle(seconds(0)))
        .eager_refresh(EagerRefresh::At(1.0))
        .timeouts(LoadTimeouts::default().soft(seconds(2)).hard(seconds(1)));
    let error = options.validate().unwrap_err();
    let fields: Vec<&str> =
        std::iter::once(error.field).chain(error.also.iter().map(|other| other.field)).collect();
    let expected = [
        "soft_ttl",
        "sliding",
        "jitter",
        "fail_safe.throttle",
        "fail_safe.max_age",
        "eager_refresh.at",
        "timeouts.soft",
    ];
    assert_eq!(fields, expected);
    assert!(error.to_string().starts_with("soft_ttl is 11s, allowed is at most `ttl`; sliding is 12s"));
    for bad in [f64::NAN, -0.1, 0.0, f64::INFINITY] {
        assert!(RegionOptions::default().eager_refresh(EagerRefresh::At(bad)).validate().is_err());
        assert!(RegionOptions::default().eager_refresh(EagerRefresh::ByCost(bad)).validate().is_err());
        let jitter = RegionOptions::default().jitter(bad).validate();
        assert_eq!(jitter.is_ok(), bad == 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn options_are_layered_cache_region_call() {
    let defaults = RegionOptions::default().ttl(seconds(50)).negative_ttl(seconds(5));
    let cache = Cache::builder("layered").defaults(defaults).build().await.unwrap();
    let region = cache.region_with::<str, u64>("k", |options| options.ttl(seconds(20))).unwrap();
    assert_eq!(region.options().negative_ttl, Some(seconds(5)), "of the cache");
    let call = region.with(|options| options.ttl(seconds(1))).unwrap();
    assert_eq!(call.options().negative_ttl, Some(seconds(5)));
    region.set("long", 1).await.unwrap();
    call.set("short", 1).await.unwrap();
    pass(seconds(2)).await;
    assert!(call.get_cached("long").is_some() && region.get_cached("short").is_none());
    pass(seconds(19)).await;
    assert!(call.get_cached("long").is_none());

    assert!(region.with(|options| options.ttl(seconds(0))).is_err());
    let error = region.with(|options| options.schema(9)).unwrap_err();
    assert!(matches!(error, CacheError::Config { .. }), "{error}");
    let wrong = Cache::builder("wrong").defaults(RegionOptions::default().jitter(2.0)).build().await;
    assert!(wrong.unwrap_err().to_string().contains("jitter is 2"));
}

/// All views of a region share what is kept and what is under way.
#[tokio::test(start_paused = true)]
async fn views_share_entries_flights_and_counters() {
    let world = World::new(Shape::L1L2, RegionOptions::default());
    let view = world.values.with(|options| options.ttl(seconds(5))).unwrap();
    world.source.hold();
    let mut one = Box::pin(world.load());
    assert!(futures::poll!(&mut one).is_pending());
    let mut other = Box::pin(world.load_in(&view));
    assert!(futures::poll!(&mut other).is_pending());
    world.source.release();
    assert_eq!((*one.await.unwrap().value, *other.await.unwrap().value), (1, 1));
    assert_eq!((world.source.loads(), view.stats().loads), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_regions_clear_and_tags_reach_all_its_entries_and_no_others() {
    let cache = Cache::builder("regions").build().await.unwrap();
    let one = cache.region::<Key, u64>("one", RegionOptions::default().tag("of one")).unwrap();
    let named = cache.region::<str, u64>("named", RegionOptions::default()).unwrap();
    let other = cache.region::<Key, u64>("other", RegionOptions::default()).unwrap();
    let whole = |n: u64| CacheKeyBuilder::property_list(&n, 1, 20);
    let fill = async || {
        one.set(&whole(1), 1).await.unwrap();
        named.set("a", 1).await.unwrap();
        other.set(&whole(2), 1).await.unwrap();
    };
    let left = || [one.peek(&whole(1)).is_some(), named.peek("a").is_some(), other.peek(&whole(2)).is_some()];
    fill().await;
    let _ = one.clear().await;
    assert_eq!(left(), [false, true, true]);
    fill().await;
    let _ = named.clear().await;
    assert_eq!(left(), [true, false, true]);
    fill().await;
    let _ = cache.invalidate_tag("of one").await;
    assert_eq!(left(), [false, true, true]);
    fill().await;
    let _ = named.invalidate_many(["a", "b"]).await;
    assert_eq!(left(), [true, false, true]);
}
