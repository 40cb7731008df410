//! Conditional refresh: a source that says nothing changed.

use super::world::{ALL_SHAPES, SHAPES, Shape, World, pass, seconds};
use crate::{FailSafe, LoadError, Loaded, RegionOptions};

fn options() -> RegionOptions {
    RegionOptions::default().ttl(seconds(10)).fail_safe(FailSafe::default().max_age(seconds(1_000)))
}

async fn load(world: &World, loaded: Loaded<u64>) -> (Option<u64>, Option<String>, Option<u64>) {
    let (source, seen) = (world.source.clone(), std::sync::Arc::new(parking_lot::Mutex::new((None, None))));
    let told = seen.clone();
    let load = world.values.get_or_load_optional("a", move |cx| async move {
        *told.lock() = (cx.stale_etag().map(str::to_owned), cx.stale::<u64>().map(|value| *value));
        if loaded != Loaded::NotModified {
            cx.etag("e1");
            cx.tag("t");
            cx.version(3);
        }
        source.answer(loaded).await
    });
    let value = load.await.unwrap().map(|value| *value);
    let (etag, stale) = seen.lock().clone();
    (value, etag, stale)
}

#[tokio::test(start_paused = true)]
async fn what_is_not_modified_begins_a_new_life_as_it_was() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        assert_eq!(load(&world, Loaded::Value(7)).await, (Some(7), None, None), "{shape:?}");
        for _ in 0..3 {
            pass(seconds(11)).await;
            let again = load(&world, Loaded::NotModified).await;
            assert_eq!(again, (Some(7), Some("e1".to_owned()), Some(7)), "{shape:?}");
            assert!(world.values.get_cached("a").is_some(), "{shape:?}: fresh again");
        }
        assert_eq!(world.values.stats().not_modified, 3);
        if shape != Shape::L1 {
            world.settle().await;
            assert_eq!(world.other.get("a").await.as_deref(), Some(&7), "{shape:?}: renewed below");
            // The etag lies below too.
            world.forget_memory();
            pass(seconds(11)).await;
            assert_eq!(load(&world, Loaded::NotModified).await.1.as_deref(), Some("e1"), "{shape:?}");
        }
        // Its tags were kept.
        let _ = world.cache.invalidate_tag("t").await;
        assert!(world.values.get("a").await.is_none(), "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn not_modified_without_an_old_value_is_an_error_that_says_so() {
    let world = World::new(Shape::L1L2, options());
    let source = world.source.clone();
    let load = world.values.get_or_load("a", move |_| source.answer(Loaded::NotModified));
    let error = load.await.unwrap_err();
    assert!(matches!(error, LoadError::NothingToKeep { .. }));
    assert_eq!(
        error.to_string(),
        "the loader of `k:a` answered `NotModified`, yet no old value is there to keep"
    );
}

/// An invalidated value is none to keep (ZiggyCreatures/FusionCache#638: after its tag was invalidated a stale value was still
/// shown to the factory, which said that it was not modified, and it lived on).
#[tokio::test(start_paused = true)]
async fn an_invalidated_value_is_not_shown_to_the_loader() {
    for shape in ALL_SHAPES {
        for (how, stale) in
            ["key", "tag", "pattern", "clear"].into_iter().flat_map(|how| [(how, true), (how, false)])
        {
            let world = World::new(shape, options());
            load(&world, Loaded::Value(7)).await;
            world.settle().await;
            if stale {
                pass(seconds(11)).await;
            }
            let _ = match how {
                "key" => world.values.invalidate("a").await,
                "tag" => world.cache.invalidate_tag("t").await,
                "pattern" => world.values.invalidate_pattern("*").await,
                _ => world.cache.clear().await,
            };
            let what = format!("{shape:?} {how}, stale {stale}");
            let source = world.source.clone();
            let unkept = world.values.get_or_load("a", move |_| source.answer(Loaded::NotModified)).await;
            assert!(matches!(unkept, Err(LoadError::NothingToKeep { .. })), "{what}: {unkept:?}");
            assert_eq!(load(&world, Loaded::Value(8)).await, (Some(8), None, None), "{what}");
        }
    }
}
