//! What `explain` says of each way in which an entry is served or refused.

use super::world::{Shape, World, pass, seconds};
use crate::{FailSafe, InMemory, LayerOptions, Layers, RegionOptions, Stored, Verdict};

fn memory(explanation: &crate::Explanation) -> Option<Verdict> {
    match &explanation.l1 {
        InMemory::Entry { verdict, .. } => Some(*verdict),
        _ => None,
    }
}

fn stored(stored: &Option<Stored>) -> Option<Verdict> {
    match stored {
        Some(Stored::Entry { verdict, .. }) => Some(*verdict),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn every_stage_of_a_life_is_told_layer_by_layer() {
    let fail_safe = FailSafe::default().max_age(seconds(100));
    let options =
        RegionOptions::default().ttl(seconds(20)).soft_ttl(seconds(10)).fail_safe(fail_safe).tag("t");
    let world = World::new(Shape::L1L2L3, options);
    let empty = world.values.explain("a").await;
    assert_eq!(
        (&empty.l1, &empty.l2, &empty.l3),
        (&InMemory::Empty, &Some(Stored::Empty), &Some(Stored::Empty))
    );
    world.load().await.unwrap();
    world.settle().await;
    let loads = world.values.stats();
    for (wait, verdict) in
        [(1, Verdict::Fresh), (10, Verdict::Stale), (10, Verdict::Reserve), (100, Verdict::Expired)]
    {
        pass(seconds(wait)).await;
        let told = world.values.explain("a").await;
        assert_eq!(memory(&told), Some(verdict));
        if verdict == Verdict::Expired {
            assert_eq!((&told.l2, &told.l3), (&Some(Stored::Empty), &Some(Stored::Empty)));
        } else {
            assert_eq!((stored(&told.l2), stored(&told.l3)), (Some(verdict), Some(verdict)));
        }
    }
    assert_eq!(world.values.stats(), loads, "explaining counts nothing");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_says_why() {
    let world = World::new(Shape::L1L2, RegionOptions::default().tag("t"));
    world.load().await.unwrap();
    let _ = world.cache.invalidate_tag("t").await;
    let told = world.values.explain("a").await;
    assert_eq!((memory(&told), stored(&told.l2)), (Some(Verdict::Stamped), Some(Verdict::Stamped)));
    assert!(told.to_string().contains("memory: refused: its tag, pattern or everything was invalidated"));

    world.load().await.unwrap();
    let blind =
        world.values.with(|options| options.layers(LayerOptions::default().read(Layers::L1))).unwrap();
    assert_eq!(blind.explain("a").await.l2, Some(Stored::NotAsked));

    world.l2.as_ref().unwrap().corrupt("k:a");
    assert!(matches!(world.values.explain("a").await.l2, Some(Stored::Foreign(_))));

    world.l2.as_ref().unwrap().set_down(true);
    assert!(matches!(world.values.explain("a").await.l2, Some(Stored::Away(_))));
    let _ = world.values.invalidate("a").await;
    assert_eq!(world.values.explain("a").await.l2, Some(Stored::Owed(1)));
}

#[tokio::test(start_paused = true)]
async fn a_load_under_way_is_told() {
    let world = World::new(Shape::L1, RegionOptions::default());
    world.source.hold();
    let (values, source) = (world.values.clone(), world.source.clone());
    let load = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
    world.settle().await;
    assert!(world.values.explain("a").await.loading);
    world.source.release();
    load.await.unwrap().unwrap();
    assert!(!world.values.explain("a").await.loading);
}
