//! Which layers a region or a call reads and writes, and how long each keeps.

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{LayerOptions, Layers, Region, RegionOptions, Source};

const SHARED: [Shape; 3] = [Shape::L1L2, Shape::L1L3, Shape::L1L2L3];

fn with(values: &Region<str, u64>, layers: LayerOptions) -> Region<str, u64> {
    values.with(|options| options.layers(layers)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_set_of_layers_is_read_and_written_and_no_other() {
    let sets = (0..8).map(|bits| {
        let pick = |bit: u8, layer| if bits & bit != 0 { layer } else { Layers::NONE };
        pick(1, Layers::L1) | pick(2, Layers::L2) | pick(4, Layers::L3)
    });
    for write in sets {
        for shape in SHARED {
            for how in ["load", "set"] {
                let world = World::new(shape, RegionOptions::default());
                let writing = with(&world.values, LayerOptions::default().write(write));
                match how {
                    "load" => drop(world.load_in(&writing).await.unwrap()),
                    _ => drop(writing.set("a", 1).await.unwrap()),
                }
                world.settle().await;
                let what = format!("{shape:?} {how} {write:?}");
                let refused = world.cache.stats().l1.refused_fills;
                assert_eq!(refused, 0, "{what}: what is not to be written is not refused");
                assert_eq!(world.values.peek("a").is_some(), write.contains(Layers::L1), "{what}");
                let holds = |store: &Option<std::sync::Arc<super::stand_in::Store>>| {
                    store.as_ref().map(|store| store.holds("k:a"))
                };
                assert_eq!(holds(&world.l2), world.l2.as_ref().map(|_| write.contains(Layers::L2)), "{what}");
                assert_eq!(holds(&world.l3), world.l3.as_ref().map(|_| write.contains(Layers::L3)), "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_is_not_read_is_not_believed() {
    for shape in SHAPES {
        let world = World::new(shape, RegionOptions::default());
        world.values.set("a", 7).await.unwrap();
        let blind = with(&world.values, LayerOptions::default().read(Layers::NONE));
        assert!(blind.get("a").await.is_none() && blind.get_cached("a").is_none(), "{shape:?}");
        assert_eq!(*world.load_in(&blind).await.unwrap().value, 1, "{shape:?}: loaded all the same");
        world.settle().await;
        let hit = world.values.get_hit("a").await.unwrap();
        assert_eq!((*hit.value, hit.source), (1, Source::L1), "{shape:?}: and written");
        if shape != Shape::L1 {
            assert_eq!(world.other.get("a").await.as_deref(), Some(&1), "{shape:?}: and below");
            let below = with(&world.values, LayerOptions::default().read(Layers::ALL.without(Layers::L1)));
            assert_ne!(below.get_hit("a").await.unwrap().source, Source::L1, "{shape:?}");
        }
    }
}

/// ZiggyCreatures/FusionCache#472: reads that were to skip L2 waited for it all the same.
#[tokio::test(start_paused = true)]
async fn a_layer_that_is_left_out_is_not_asked() {
    for shape in SHARED {
        let world = World::new(shape, RegionOptions::default());
        world.other.set("a", 7).await.unwrap();
        world.settle().await;
        let asked = || [&world.l2, &world.l3].map(|store| store.as_ref().map_or(0, |store| store.reads()));
        let before = asked();
        let memory = with(&world.values, LayerOptions::default().read(Layers::L1).write(Layers::L1));
        assert!(memory.get("a").await.is_none() && memory.get_many(["a"]).await[0].is_none(), "{shape:?}");
        assert_eq!(*world.load_in(&memory).await.unwrap().value, 1, "{shape:?}");
        assert_eq!(memory.get("a").await.as_deref(), Some(&1), "{shape:?}");
        assert_eq!(asked(), before, "{shape:?}");
        // What is written is asked for the right to write, and no other.
        let durable = with(&world.values, LayerOptions::default().read(Layers::NONE).write(Layers::L3));
        world.load_in(&durable).await.unwrap();
        world.settle().await;
        assert_eq!(asked(), before, "{shape:?}");
    }
}

/// A value overwritten in some layers must not live on in the others.
#[tokio::test(start_paused = true)]
async fn a_write_that_leaves_out_a_layer_still_ends_what_lay_there() {
    for shape in SHARED {
        let world = World::new(shape, RegionOptions::default());
        world.values.set("a", 1).await.unwrap();
        let only_memory = with(&world.values, LayerOptions::default().write(Layers::L1));
        only_memory.set("a", 2).await.unwrap();
        assert_eq!(world.values.get("a").await.as_deref(), Some(&2));
        world.forget_memory();
        assert!(world.values.get("a").await.is_none() && world.other.get("a").await.is_none(), "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_layer_keeps_no_longer_than_its_cap() {
    let caps = LayerOptions::default().l1_ttl(seconds(5)).l2_ttl(seconds(20)).l3_ttl(seconds(50));
    let world = World::new(Shape::L1L2L3, RegionOptions::default().ttl(seconds(100)).layers(caps));
    world.load().await.unwrap();
    world.settle().await;
    let source = async || world.values.get_hit("a").await.map(|hit| hit.source);
    pass(seconds(4)).await;
    assert_eq!(source().await, Some(Source::L1));
    pass(seconds(2)).await;
    assert_eq!(source().await, Some(Source::L2), "memory asks again");
    assert_eq!(source().await, Some(Source::L1));
    pass(seconds(15)).await;
    assert_eq!(source().await, Some(Source::L3), "Redis has forgotten");
    pass(seconds(30)).await;
    assert_eq!(source().await, None, "and so has SQL, and what was promoted from there");
    assert_eq!(world.other.get("a").await, None);
}
