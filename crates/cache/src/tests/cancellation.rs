//! Every public future, polled some times and then dropped: nothing is left behind, and the next call answers.

use std::future::Future;
use std::pin::Pin;

use tokio::time::{Instant, timeout};

use super::stand_in::LEASE;
use super::world::{ALL_SHAPES, Ground, SECOND, SHAPES, Shape, Source, World, pass, seconds};
use crate::{EagerRefresh, FailSafe, LoadBudget, LoadTimeouts, RegionOptions};

type Step<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

const LOADING: [&str; 5] = ["get_or_load", "hit", "optional", "borrowed", "batch"];
/// What holds in this process from the first poll on.
const VOIDING: [&str; 8] = ["set", "set_many", "versioned", "invalidate", "many", "pattern", "tag", "clear"];
const OTHER: [&str; 4] = ["get", "get_many", "region clear", "explain"];

/// No count of the source's.
const WRITTEN: u64 = 1_000;

fn start<'a>(world: &'a World, name: &str) -> Step<'a> {
    let (values, cache, source) = (&world.values, &world.cache, world.source.clone());
    match name {
        "get" => Box::pin(async { _ = values.get("a").await }),
        "get_many" => Box::pin(async { _ = values.get_many(["a", "b"]).await }),
        "get_or_load" => Box::pin(async { _ = values.get_or_load("a", move |_| slow(source)).await }),
        "hit" => Box::pin(async { _ = values.get_or_load_hit("a", move |_| slow(source)).await }),
        "optional" => Box::pin(async { _ = values.get_or_load_optional("a", move |_| slow(source)).await }),
        "borrowed" => Box::pin(async { _ = values.get_or_load_borrowed("a", move |_| slow(source)).await }),
        "batch" => Box::pin(async move {
            let load = values.get_many_or_load(["a", "b"], |missing| {
                let source = source.clone();
                async move { slow(source).await.map(|value| vec![value; missing.len()]) }
            });
            drop(load.await);
        }),
        "set" => Box::pin(async { _ = values.set("a", WRITTEN).await }),
        "set_many" => Box::pin(async { _ = values.set_many([("a", WRITTEN), ("b", WRITTEN)]).await }),
        "versioned" => Box::pin(async { _ = values.set_versioned("a", WRITTEN, 9).await }),
        "invalidate" => Box::pin(async { _ = values.invalidate("a").await }),
        "many" => Box::pin(async { _ = values.invalidate_many(["a", "b"]).await }),
        "pattern" => Box::pin(async { _ = values.invalidate_pattern("*").await }),
        "tag" => Box::pin(async { _ = cache.invalidate_tag("t").await }),
        "clear" => Box::pin(async { _ = cache.clear().await }),
        "region clear" => Box::pin(async { _ = values.clear().await }),
        _ => Box::pin(async { _ = values.explain("a").await }),
    }
}

async fn slow(source: Source) -> Result<u64, &'static str> {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    source.read().await
}

/// A node whose every step in a shared layer is a wait, so that there is something to be dropped at, and whose budget has
/// one place for a load.
fn world(shape: Shape, background: bool) -> World {
    let options = RegionOptions::default()
        .ttl(seconds(10))
        .soft_ttl(seconds(5))
        .eager_refresh(EagerRefresh::At(0.5))
        .fail_safe(FailSafe::default())
        .tag("t")
        .timeouts(LoadTimeouts::default().hard(seconds(3)).background(background));
    let budget = Some(LoadBudget::default().in_process(1).queue(0));
    let world = World::on(&Ground { budget, ..Ground::default() }, shape, options);
    for store in world.l2.iter().chain(&world.l3) {
        store.set_dawdling(true);
    }
    world
}

/// Polls so often; answers whether it is done.
async fn poll(future: &mut Step<'_>, times: u32) -> bool {
    for _ in 0..times {
        if futures::poll!(&mut *future).is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// What the future finds: nothing, or the value of the first load at some age.
const AGES: [Option<u64>; 5] = [None, Some(0), Some(3), Some(6), Some(11)];

/// Answers whether the future was done before it could be dropped.
async fn drop_after(polls: u32, shape: Shape, background: bool, name: &str, age: Option<u64>) -> bool {
    let world = world(shape, background);
    if let Some(age) = age {
        world.load().await.unwrap();
        world.settle().await;
        if shape != Shape::L1 {
            world.load_in(&world.other).await.unwrap();
        }
        pass(seconds(age)).await;
    }
    let mut future = start(&world, name);
    let done = poll(&mut future, polls).await;
    drop(future);
    let what = format!("{shape:?} {name} after {polls} polls at age {age:?}, background {background}");
    world.settle().await;
    assert_eq!(world.values.stats().loads_running, 0, "{what}");
    for key in ["a", "b"] {
        assert!(!world.values.explain(key).await.loading, "{what}: a flight of `{key}` is left on the board");
    }

    // The next caller is served here, at once, by one load at most.
    let (before, began) = (world.source.loads(), Instant::now());
    let answer = timeout(seconds(60), world.load()).await.expect(&what).expect(&what);
    assert!(began.elapsed() < SECOND / 10, "{what}: {:?}", began.elapsed());
    world.settle().await;
    assert!(world.source.loads() <= before + 1, "{what}");
    assert!(!world.values.explain("a").await.loading, "{what}");
    // What was owed is told with the next read of the layer.
    let _ = world.values.get("not there").await;
    world.settle().await;
    for layer in [world.cache.stats().l2, world.cache.stats().l3].into_iter().flatten() {
        assert_eq!(layer.owed_invalidations, 0, "{what}");
    }
    let voided = age.is_some() && polls > 0 && (VOIDING.contains(&name) || name == "region clear");
    assert!(!voided || *answer.value != 1, "{what}: it held from the first poll on");

    // And on the other node, at the latest when the lease of a dropped load is over.
    if !matches!(shape, Shape::L1 | Shape::L1L3) {
        let began = Instant::now();
        let there = timeout(seconds(60), world.load_in(&world.other)).await.expect(&what).expect(&what);
        assert!(began.elapsed() < LEASE + SECOND / 10, "{what}: {:?}", began.elapsed());
        assert!(!voided || *there.value != 1, "{what}: there too");
    }

    // Whatever was to be renewed still can be.
    pass(seconds(6)).await;
    let before = world.source.loads();
    for _ in 0..2 {
        timeout(seconds(60), world.load()).await.expect(&what).expect(&what);
        world.settle().await;
    }
    assert!(world.source.loads() > before, "{what}: nobody loads it anew");
    done
}

#[tokio::test(start_paused = true)]
async fn a_future_dropped_at_any_poll_leaves_a_cache_that_answers() {
    for shape in ALL_SHAPES {
        for name in LOADING.into_iter().chain(VOIDING).chain(OTHER) {
            for background in [true, false] {
                // With all the layers, at every poll it has; else at some.
                let (ages, stride) = if shape == Shape::L1L2L3 { (&AGES[..], 1) } else { (&AGES[..2], 3) };
                for age in ages {
                    let mut polls = 0;
                    while !drop_after(polls, shape, background, name, *age).await {
                        polls += stride;
                        assert!(polls < 200, "{name} never ends");
                    }
                    // With nothing in memory every one of them waits for the layers.
                    assert!(age.is_some() || shape != Shape::L1L2L3 || polls >= 3, "{name}: {polls} polls");
                }
            }
        }
    }
}

/// Whoever waits for another's load, which must not end with them.
#[tokio::test(start_paused = true)]
async fn followers_dropped_at_any_poll_leave_the_leader_alone() {
    for name in LOADING {
        for polls in 1..6 {
            let world = World::new(Shape::L1L2, RegionOptions::default());
            world.source.hold();
            let (values, source) = (world.values.clone(), world.source.clone());
            let leader = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
            world.settle().await;
            let mut follower = start(&world, name);
            assert!(!poll(&mut follower, polls).await);
            drop(follower);
            world.source.release();
            assert_eq!(*leader.await.unwrap().unwrap(), 1, "{name} {polls}");
        }
    }
}

/// And the other way round: whoever leads is dropped, wherever the load is; those who wait are served.
#[tokio::test(start_paused = true)]
async fn a_leader_dropped_at_any_poll_strands_nobody() {
    for shape in SHAPES {
        for name in LOADING {
            for background in [true, false] {
                let mut polls = 1;
                loop {
                    let world = world(shape, background);
                    let mut leader = start(&world, name);
                    assert!(!poll(&mut leader, 1).await);
                    let followers: Vec<_> = (0..3)
                        .map(|n| {
                            let (values, source) = (world.values.clone(), world.source.clone());
                            tokio::spawn(async move {
                                if n == 0 {
                                    let load = values.get_many_or_load(["a"], |_| {
                                        let source = source.clone();
                                        async move { slow(source).await.map(|value| vec![value]) }
                                    });
                                    load.await.unwrap()[0].clone().unwrap()
                                } else {
                                    values.get_or_load("a", move |_| slow(source)).await.unwrap()
                                }
                            })
                        })
                        .collect();
                    let done = poll(&mut leader, polls - 1).await;
                    drop(leader);
                    let what = format!("{shape:?} {name} after {polls} polls, background {background}");
                    let mut answers = Vec::new();
                    for follower in followers {
                        answers.push(*timeout(seconds(2), follower).await.expect(&what).unwrap());
                    }
                    assert_eq!(answers, [answers[0]; 3], "{what}: one load for all of them");
                    world.settle().await;
                    assert!(!world.values.explain("a").await.loading, "{what}");
                    if done {
                        break;
                    }
                    polls += 1;
                    assert!(polls < 100, "{what}");
                }
            }
        }
    }
}
