//! Promotion, absence of layers, and what is owed to them.

use std::convert::Infallible;
use std::time::Duration;

use super::stand_in::{Store, node};
use super::world::{Shape, World, pass, seconds};
use crate::{Delivery, MemoryConfig, Region, RegionOptions, Source};

const MEMORY: fn() -> MemoryConfig = MemoryConfig::default;

fn region(cache: &crate::Cache) -> Region<str, u32> {
    cache.region("k", RegionOptions::default().ttl(Duration::from_secs(100))).unwrap()
}

/// Waits until the node has found its layer again.
async fn back(cache: &crate::Cache) {
    tokio::time::sleep(Duration::from_secs(2)).await;
    while !cache.coherence().connected {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// dotnet/extensions#5824: what was read from L2 began its whole life anew in memory, and outlived L2's.
#[tokio::test(start_paused = true)]
async fn a_promoted_value_lives_for_what_is_left_and_not_anew() {
    let (l2, l3) = (Store::new(), Store::new());
    // All before time is moved: a node counts the moved time from its own beginning.
    let first = node(None, Some(&l3), &MEMORY());
    let second = node(Some(&l2), Some(&l3), &MEMORY());
    let third = node(Some(&l2), None, &MEMORY());
    region(&first).set("a", 1).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;

    let hit = region(&second).get_hit("a").await.unwrap();
    assert_eq!((*hit.value, hit.source), (1, Source::L3));
    assert!((59..=61).contains(&hit.age.as_secs()), "{:?}", hit.age);
    assert!(l2.holds("k:a"), "promoted to L2 as well");

    assert_eq!(region(&third).get_hit("a").await.unwrap().source, Source::L2);
    tokio::time::advance(Duration::from_secs(39)).await;
    for cache in [&second, &third] {
        assert!(region(cache).get_cached("a").is_some(), "39 s of its last 40 passed");
    }
    tokio::time::advance(Duration::from_secs(2)).await;
    for cache in [&second, &third] {
        assert!(region(cache).get_cached("a").is_none());
        assert!(region(cache).get("a").await.is_none(), "nor from below");
    }
}

#[tokio::test(start_paused = true)]
async fn a_loaders_ttl_rules_over_the_regions_and_zero_caches_nothing() {
    let cache = node(None, None, &MEMORY());
    let values = region(&cache);
    let load = |ttl: u64| {
        values.get_or_load("a", move |cx| async move {
            cx.ttl(Duration::from_secs(ttl));
            Ok::<_, Infallible>(1)
        })
    };
    load(0).await.unwrap();
    assert!(values.get_cached("a").is_none());
    load(5).await.unwrap();
    tokio::time::advance(Duration::from_millis(4_999)).await;
    assert!(values.get_cached("a").is_some());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(values.get_cached("a").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_absent_layer_is_invisible_but_for_its_count() {
    let (l2, l3) = (Store::new(), Store::new());
    let cache = node(Some(&l2), Some(&l3), &MEMORY());
    let values = region(&cache);
    values.set("a", 1).await.unwrap();
    l2.set_down(true);
    let other = node(Some(&l2), Some(&l3), &MEMORY());
    assert_eq!(region(&other).get_hit("a").await.unwrap().source, Source::L3);
    let hit = region(&other).get_or_load_hit("b", move |_| async { Ok::<_, Infallible>(2) }).await.unwrap();
    assert_eq!(hit.source, Source::Loader);
    assert!(other.stats().l2.unwrap().errors >= 2);
}

/// multi-tier-cache 0.6.9 answers `Ok` where a tier has failed to invalidate, and reads the old value there again.
#[tokio::test(start_paused = true)]
async fn an_undelivered_invalidation_is_told_before_the_layer_is_read_again() {
    for how in ["key", "tag", "pattern", "clear", "set"] {
        let l2 = Store::new();
        let cache = node(Some(&l2), None, &MEMORY());
        let values = region(&cache);
        values
            .get_or_load("a", move |cx| async move {
                cx.tag("t");
                Ok::<_, Infallible>(1)
            })
            .await
            .unwrap();
        l2.set_down(true);
        let delivery = match how {
            "key" => values.invalidate("a").await,
            "tag" => cache.invalidate_tag("t").await,
            "pattern" => cache.invalidate_pattern("k:*").await,
            "set" => values.set("a", 2).await.unwrap(),
            _ => cache.clear().await,
        };
        assert_eq!(delivery, Delivery::Queued, "{how}");
        assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 1);
        let reads = l2.reads();
        let here = (how == "set").then_some(2);
        assert_eq!(values.get_cached("a").as_deref().copied(), here, "{how}: it holds here at once");
        let _ = values.get("b").await;
        assert_eq!(l2.reads(), reads, "{how}: not read while it is owed something");

        l2.set_down(false);
        back(&cache).await;
        let _ = values.get("b").await;
        assert_eq!(cache.stats().l2.unwrap().owed_invalidations, 0, "{how}");
        let other = node(Some(&l2), None, &MEMORY());
        assert_eq!(region(&other).get("a").await, None, "{how}: the old value is gone for everybody");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_dropped_half_way_is_owed_to_every_layer() {
    for (step, pattern) in [("revoke", false), ("revoke done", false), ("stamp", true)] {
        let (l2, l3) = (Store::new(), Store::new());
        let cache = node(Some(&l2), Some(&l3), &MEMORY());
        let values = region(&cache);
        values.set("a", 1).await.unwrap();
        let gate = l2.hold(step);
        let task = tokio::spawn({
            let (values, cache) = (values.clone(), cache.clone());
            async move {
                if pattern { cache.invalidate_pattern("k:*").await } else { values.invalidate("a").await }
            }
        });
        gate.reached.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        let stats = cache.stats();
        assert_eq!(stats.l2.unwrap().owed_invalidations, 1, "{step}");
        assert_eq!(stats.l3.unwrap().owed_invalidations, 1, "{step}");
        assert_eq!(values.get_cached("a"), None);
        assert_eq!(values.get("a").await, None, "{step}: told before it is read");
        assert_eq!(region(&node(Some(&l2), Some(&l3), &MEMORY())).get("a").await, None, "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_layer_is_left_to_rest_after_repeated_failures() {
    let l2 = Store::new();
    let cache = node(Some(&l2), None, &MEMORY());
    let values = region(&cache);
    l2.set_down(true);
    for _ in 0..5 {
        let _ = values.get("a").await;
    }
    l2.set_down(false);
    let _ = values.get("a").await;
    assert_eq!(l2.reads(), 0, "resting");
    back(&cache).await;
    let _ = values.get("a").await;
    assert_eq!(l2.reads(), 1);
}

#[tokio::test]
async fn foreign_bytes_are_a_counted_miss() {
    let l2 = Store::new();
    let cache = node(Some(&l2), None, &MEMORY());
    region(&cache).set("a", 1).await.unwrap();

    let newer = node(Some(&l2), None, &MEMORY());
    let other_schema = newer.region::<str, u64>("k", RegionOptions::default().schema(2)).unwrap();
    assert_eq!(other_schema.get("a").await, None);
    assert_eq!(newer.stats().l2.unwrap().undecodable, 1);

    l2.corrupt("k:a");
    let reader = node(Some(&l2), None, &MEMORY());
    assert_eq!(region(&reader).get("a").await, None);
    let stats = reader.stats().l2.unwrap();
    assert_eq!((stats.undecodable, stats.misses, stats.hits, stats.errors), (1, 1, 0, 0));
}

#[tokio::test]
async fn many_keys_cost_one_round_trip_a_layer() {
    let (l2, l3) = (Store::new(), Store::new());
    let cache = node(Some(&l2), Some(&l3), &MEMORY());
    let keys: Vec<String> = (0..100).map(|n| format!("n{n}")).collect();
    let items = keys.iter().zip(0..).map(|(key, n)| (key.as_str(), n));
    assert_eq!(region(&cache).set_many(items).await.unwrap(), Delivery::Applied);
    assert_eq!(cache.stats().l1_entries, 100, "a warmed value is in memory too");

    let other = node(Some(&l2), Some(&l3), &MEMORY());
    let wanted: Vec<&str> = keys.iter().map(String::as_str).chain(["absent"]).collect();
    let values = region(&other).get_many(wanted.iter().copied()).await;
    let expected: Vec<Option<u32>> = (0..100).map(Some).chain([None]).collect();
    assert_eq!(values.iter().map(|value| value.as_deref().copied()).collect::<Vec<_>>(), expected);
    assert_eq!((l2.reads(), l3.reads()), (1, 1));
}

/// Reads and writes of each region, by layer; only what is asked for beside them is the layer's alone.
#[tokio::test(start_paused = true)]
async fn bytes_are_told_by_region_and_add_up() {
    let world = World::new(Shape::L1L2L3, RegionOptions::default().sliding(seconds(60)));
    let texts = world.cache.region::<u64, String>("text", RegionOptions::default()).unwrap();
    world.load().await.unwrap();
    for id in 0..5 {
        texts.set(&id, "x".repeat(1_000)).await.unwrap();
    }
    let load = texts.get_or_load(&7, |_| async { Ok::<_, &str>("y".repeat(1_000)) });
    load.await.unwrap();
    pass(seconds(40)).await;
    // What slides is kept for longer by a word, which is no write.
    assert!(world.values.get("a").await.is_some());
    world.settle().await;
    world.forget_memory();
    assert!(world.values.get("a").await.is_some());
    assert!(texts.get_many([&0, &1, &99]).await[1].is_some());
    world.forget_memory();
    // From SQL, and back to Redis.
    world.l2.as_ref().unwrap().lose_values();
    assert!(texts.get(&2).await.is_some());
    world.settle().await;

    let stats = world.cache.stats();
    let (l2, l3) = (stats.l2.unwrap(), stats.l3.unwrap());
    let (values, texts) = (&stats.regions["k"], &stats.regions["text"]);
    assert_eq!(values.l2_read_bytes + texts.l2_read_bytes, l2.read_bytes);
    assert_eq!(values.l2_written_bytes + texts.l2_written_bytes, l2.written_bytes);
    assert_eq!(values.l3_read_bytes + texts.l3_read_bytes, l3.read_bytes);
    assert_eq!(values.l3_written_bytes + texts.l3_written_bytes, l3.written_bytes);
    assert!(texts.l2_read_bytes > 2_000 && texts.l2_written_bytes > 7_000, "{texts:?}");
    assert!(texts.l3_read_bytes > 1_000 && texts.l3_written_bytes > 6_000, "{texts:?}");
    assert!((50..1_000).contains(&values.l2_read_bytes), "{values:?}");
    assert_eq!(values.l2_written_bytes, values.l2_read_bytes, "once each: {values:?}");
}
