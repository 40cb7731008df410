//! `get_many_or_load`: one round trip a layer, one batch of what is missing.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{FailSafe, LoadError, Missing, Region, RegionOptions};

type Asked = Arc<Mutex<Vec<Vec<String>>>>;

fn options() -> RegionOptions {
    RegionOptions::default().ttl(seconds(100)).negative_ttl(seconds(100))
}

/// The length of the key; nothing for `absent`.
fn lengths(missing: &[Missing<'_, str>]) -> Vec<Option<u64>> {
    missing.iter().map(|own| (own.key != "absent").then_some(own.key.len() as u64)).collect()
}

async fn many(values: &Region<str, u64>, keys: &[&str], asked: &Asked) -> Vec<Option<u64>> {
    let load = values.get_many_or_load(keys.iter().copied(), |missing| {
        asked.lock().push(missing.iter().map(|own| own.key.to_owned()).collect());
        missing.iter().for_each(|own| own.cx.tag(own.key));
        let lengths = lengths(&missing);
        async move {
            tokio::task::yield_now().await;
            Ok::<_, &'static str>(lengths)
        }
    });
    load.await.unwrap().into_iter().map(|value| value.map(|value| *value)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_one_batch_and_one_round_trip_a_layer() {
    for shape in SHAPES {
        let (world, asked) = (World::new(shape, options()), Asked::default());
        world.values.set("bb", 22).await.unwrap();
        world.other.set("ccc", 33).await.unwrap();
        let reads =
            |world: &World| (world.l2.as_ref().map(|l2| l2.reads()), world.l3.as_ref().map(|l3| l3.reads()));
        let before = reads(&world);
        let keys = ["a", "bb", "ccc", "dddd", "absent", "a"];
        let answers = many(&world.values, &keys, &asked).await;
        let from_other = if shape == Shape::L1 { 3 } else { 33 };
        assert_eq!(answers, [Some(1), Some(22), Some(from_other), Some(4), None, Some(1)], "{shape:?}");
        let wanted: &[&str] =
            if shape == Shape::L1 { &["a", "ccc", "dddd", "absent"] } else { &["a", "dddd", "absent"] };
        assert_eq!(*asked.lock(), [wanted], "{shape:?}");
        let after = reads(&world);
        assert_eq!(after.0.zip(before.0).map(|(after, before)| after - before), world.l2.as_ref().map(|_| 1));
        assert_eq!(after.1.zip(before.1).map(|(after, before)| after - before), world.l3.as_ref().map(|_| 1));
        assert_eq!(world.values.stats().loads, 1, "a batch is one load");

        world.settle().await;
        assert_eq!(many(&world.values, &keys, &asked).await, answers, "{shape:?}: all known now");
        if shape != Shape::L1 {
            assert_eq!(many(&world.other, &keys, &asked).await, answers, "{shape:?}: to the other node too");
        }
        assert_eq!(asked.lock().len(), 1, "{shape:?}");
        let _ = world.cache.invalidate_tag("dddd").await;
        many(&world.values, &keys, &asked).await;
        assert_eq!(asked.lock()[1], ["dddd"], "{shape:?}: each value has its own tags");
    }
}

/// Keys that others load are joined, and two batches of the same keys in any order do not wait for each other for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn overlapping_batches_load_each_key_once_and_never_lock_up() {
    for _ in 0..20 {
        let (world, asked) = (World::new(Shape::L1L2, options()), Asked::default());
        let mut tasks = JoinSet::new();
        for n in 0..20_usize {
            let (values, asked) = (world.values.clone(), asked.clone());
            tasks.spawn(async move {
                let mut keys: Vec<String> = (0..30).map(|key| format!("n{}", (key + n) % 40)).collect();
                if n % 2 == 0 {
                    keys.reverse();
                }
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                assert!(many(&values, &keys, &asked).await.iter().all(Option::is_some));
            });
        }
        tokio::time::timeout(seconds(20), tasks.join_all()).await.expect("no batch waits for ever");
        let mut keys: Vec<String> = asked.lock().concat();
        keys.sort();
        let loads = keys.len();
        keys.dedup();
        assert_eq!((loads, keys.len()), (40, 40));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_joins_the_load_of_a_single_key_and_takes_over_if_it_fails() {
    for fails in [false, true] {
        let (world, asked) = (World::new(Shape::L1L2, options()), Asked::default());
        world.source.hold();
        world.source.fail(fails);
        let (values, source) = (world.values.clone(), world.source.clone());
        let single = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
        world.settle().await;
        let (values, also) = (world.values.clone(), asked.clone());
        let batch = tokio::spawn(async move { many(&values, &["a", "bb"], &also).await });
        world.settle().await;
        assert_eq!(*asked.lock(), [["bb"]], "the key under way is not in the batch");
        assert!(world.values.get_cached("bb").is_some(), "and does not hold up the others");
        world.source.release();
        assert_eq!(single.await.unwrap().is_err(), fails);
        assert_eq!(batch.await.unwrap(), [Some(1), Some(2)]);
        assert_eq!(asked.lock().len(), if fails { 2 } else { 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_batch_falls_back_key_by_key_or_fails() {
    for shape in SHAPES {
        let fail_safe = FailSafe::default().throttle(seconds(5));
        let world = World::new(shape, options().fail_safe(fail_safe));
        let asked = Asked::default();
        many(&world.values, &["a", "bb"], &asked).await;
        pass(seconds(101)).await;
        let fail = |keys: &'static [&'static str]| {
            world
                .values
                .get_many_or_load(keys.iter().copied(), |_| async { Err::<Vec<u64>, _>("no database") })
        };
        let old: Vec<_> =
            fail(&["a", "bb"]).await.unwrap().into_iter().map(|value| *value.unwrap()).collect();
        assert_eq!(old, [1, 2], "{shape:?}");
        let error = fail(&["a", "new"]).await.unwrap_err();
        assert!(error.is_loader(), "{shape:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_the_wrong_length_is_told_so_and_strands_nobody() {
    let world = World::new(Shape::L1L2, options());
    let load = world.values.get_many_or_load(["a", "b"], |_| async { Ok::<_, &'static str>(vec![1_u64]) });
    let error = load.await.unwrap_err();
    assert_eq!(error, LoadError::BatchLength { wanted: 2, given: 1 });
    assert_eq!(*world.load().await.unwrap().value, 1);
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_during_a_batch_voids_its_key_alone() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        let values = world.values.clone();
        let load = world.values.get_many_or_load(["a", "b"], |missing| {
            let (values, count) = (values.clone(), missing.len() as u64);
            async move {
                let _ = values.invalidate("a").await;
                Ok::<_, &'static str>(vec![count; missing.len()])
            }
        });
        load.await.unwrap();
        world.settle().await;
        assert!(world.values.get("a").await.is_none(), "{shape:?}");
        assert!(world.values.get_cached("b").is_some(), "{shape:?}");
    }
}
