//! What users of other caches reported, and no other file's theme covers.

use std::convert::Infallible;
use std::time::Duration;

use tokio::task::JoinSet;

use super::stand_in::{Store, node};
use super::world::{ALL_SHAPES, Shape, World, pass, seconds};
use crate::{Cache, FailSafe, LayerOptions, Layers, MemoryConfig, Region, RegionOptions, Source};

fn region(cache: &Cache, options: RegionOptions) -> Region<str, u64> {
    cache.region("k", options).unwrap()
}

/// ZiggyCreatures/FusionCache#313: an announcement takes the entry out and does not fetch the new one: who reads next does.
#[tokio::test(start_paused = true)]
async fn an_announcement_removes_and_reads_nothing() {
    let l2 = Store::new();
    let nodes = [(); 2].map(|()| node(Some(&l2), None, &MemoryConfig::default()));
    let [here, there] = nodes.each_ref().map(|cache| region(cache, RegionOptions::default()));
    there.set("a", 1).await.unwrap();
    pass(Duration::from_millis(1)).await;
    assert_eq!(here.get("a").await.as_deref(), Some(&1));
    let reads = l2.reads();
    there.set("a", 2).await.unwrap();
    pass(Duration::from_millis(1)).await;
    assert_eq!(here.get_cached("a"), None);
    assert_eq!(l2.reads(), reads, "nobody asked yet");
    assert_eq!(here.get("a").await.as_deref(), Some(&2));
}

/// ZiggyCreatures/FusionCache#189: a plain miss asks the layers below, whatever is on for values that are stale.
#[tokio::test(start_paused = true)]
async fn a_plain_miss_asks_below_whatever_is_on_for_stale_values() {
    let options = RegionOptions::default()
        .ttl(seconds(100))
        .soft_ttl(seconds(10))
        .fail_safe(FailSafe::default().on_reads(true));
    let world = World::new(Shape::L1L2, options);
    world.load_in(&world.other).await.unwrap();
    world.settle().await;
    assert_eq!(world.load().await.unwrap().source, Source::L2);
    assert_eq!(world.source.loads(), 1);
}

/// day8/re-frame2#9890: a refetch that fails leaves the invalidation standing.
#[tokio::test(start_paused = true)]
async fn a_load_that_fails_after_an_invalidation_brings_nothing_back() {
    for shape in [Shape::L1, Shape::L1L2, Shape::L1L2L3] {
        let world = World::new(shape, RegionOptions::default().fail_safe(FailSafe::default().on_reads(true)));
        world.load().await.unwrap();
        let _ = world.values.invalidate("a").await;
        for _ in 0..3 {
            let failed = world.values.get_or_load("a", |_| async { Err::<u64, _>("away") }).await;
            assert!(failed.is_err(), "{shape:?}: {failed:?}");
            assert_eq!(world.values.get("a").await, None, "{shape:?}");
            assert_eq!(world.values.get_cached("a"), None, "{shape:?}");
        }
    }
}

/// spiceai/spiceai#12838: a hit is no new admission, and gives the old value no new life (that it loses no write:
/// `memory_threads`).
#[tokio::test(start_paused = true)]
async fn a_hit_gives_no_new_life() {
    for kind in [crate::MemoryKind::QuickCache, crate::MemoryKind::Moka] {
        let cache = node(None, None, &MemoryConfig::default().kind(kind));
        let values = region(&cache, RegionOptions::default().ttl(seconds(10)));
        values.set("a", 1).await.unwrap();
        for _ in 0..9 {
            pass(seconds(1)).await;
            assert_eq!(values.get_cached("a").as_deref(), Some(&1));
            assert!(values.get_or_load_hit("a", |_| async { Ok::<u64, Infallible>(9) }).await.is_ok());
        }
        pass(seconds(2)).await;
        assert_eq!(values.get_cached("a"), None);
    }
}

/// dotnet/extensions#6202: of those who called at once with options that keep nothing, all but the first were given nothing.
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_load_that_is_kept_nowhere_gets_its_value() {
    for shape in ALL_SHAPES {
        for read in [Layers::ALL, Layers::NONE] {
            let world = World::new(shape, RegionOptions::default());
            let nowhere = LayerOptions::default().read(read).write(Layers::NONE);
            let passing = world.values.with(|options| options.layers(nowhere)).unwrap();
            world.source.hold();
            let mut callers = JoinSet::new();
            for _ in 0..50 {
                let (passing, source) = (passing.clone(), world.source.clone());
                callers
                    .spawn(async move { *passing.get_or_load("a", move |_| source.read()).await.unwrap() });
            }
            world.settle().await;
            world.source.release();
            assert_eq!(callers.join_all().await, [1; 50], "{shape:?}, reading {read:?}");
            world.settle().await;
            assert!(
                world.values.get("a").await.is_none() && world.other.get("a").await.is_none(),
                "{shape:?}"
            );
            assert_eq!(
                *world.load_in(&passing).await.unwrap().value,
                2,
                "{shape:?}: every call asks the source"
            );
        }
    }
}
