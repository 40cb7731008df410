//! Soft and hard timeouts, on the very first call as on any other.

use std::time::Duration;

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{FailSafe, Freshness, LoadTimeouts, RegionOptions, Why};
use tokio::time::Instant;

const TIMED_OUT: Freshness = Freshness::Stale { why: Why::LoaderTimedOut };

fn options() -> RegionOptions {
    RegionOptions::default()
        .ttl(seconds(10))
        .fail_safe(FailSafe::default().max_age(seconds(1_000)).throttle(seconds(5)))
        .timeouts(LoadTimeouts::default().soft(seconds(1)).hard(seconds(3)))
}

#[tokio::test(start_paused = true)]
async fn without_an_old_value_the_hard_timeout_rules_from_the_first_call_on() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        world.source.hold();
        let began = Instant::now();
        let error = world.load().await.unwrap_err();
        assert!(error.is_timed_out(), "{shape:?}: {error}");
        assert_eq!(began.elapsed(), seconds(3), "{shape:?}");
        assert_eq!(error.to_string(), "loading `k:a` took longer than 3s");
        // The load goes on behind, and lands.
        world.source.release();
        world.settle().await;
        assert_eq!(world.values.get_cached("a").as_deref(), Some(&1), "{shape:?}");
        assert_eq!((world.source.loads(), world.values.stats().timeouts), (1, 1));
    }
}

/// ZiggyCreatures/FusionCache#534: with an old value in memory the first attempt at a second layer that hung was waited for
/// without limit; only later ones kept the timeouts.
#[tokio::test(start_paused = true)]
async fn a_layer_that_hangs_is_waited_for_no_longer_than_a_load() {
    for shape in [Shape::L1L2, Shape::L1L3, Shape::L1L2L3] {
        for (batch, old) in [(false, true), (false, false), (true, true), (true, false)] {
            let world = World::new(shape, options());
            if old {
                world.load().await.unwrap();
                world.settle().await;
                pass(seconds(11)).await;
            }
            for attempt in 1..=2 {
                let store = if shape == Shape::L1L3 { &world.l3 } else { &world.l2 };
                let gate = store.as_ref().unwrap().hold("read");
                let began = Instant::now();
                let answer = if batch {
                    let load = world.values.get_many_or_load(["a"], |_| async { Ok(vec![9_u64]) });
                    load.await.map(|values| *values[0].clone().unwrap())
                } else {
                    world.load().await.map(|hit| *hit.value)
                };
                let what = format!("{shape:?}, batch {batch}, old {old}, attempt {attempt}");
                assert!(gate.reached.await.is_ok(), "{what}: the layer was asked");
                if old {
                    assert_eq!((answer.unwrap(), began.elapsed()), (1, seconds(1)), "{what}");
                } else {
                    assert!(answer.unwrap_err().is_timed_out(), "{what}");
                    assert_eq!(began.elapsed(), seconds(3), "{what}");
                }
                if attempt == 1 && !batch {
                    // It goes on behind, and would land what the source says now.
                    world.source.fail(true);
                }
                drop(gate.go);
                world.settle().await;
                world.source.fail(false);
                pass(seconds(6)).await;
            }
        }
    }
}

/// ZiggyCreatures/FusionCache#560: under bursts with soft timeouts, a source that fails and one that is slow, some keys were
/// stuck with an old value for good, or had another's.
#[tokio::test(start_paused = true)]
async fn bursts_with_a_failing_and_slow_source_leave_no_key_stuck() {
    const KEYS: u64 = 20;
    for (seed, shape) in (0..).zip(SHAPES) {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let fail_safe = FailSafe::default().max_age(seconds(600)).throttle(seconds(2));
        let timeouts = LoadTimeouts::default().soft(Duration::from_millis(200)).hard(seconds(1));
        let options = RegionOptions::default().ttl(seconds(2)).fail_safe(fail_safe).timeouts(timeouts);
        let world = World::new(shape, options);
        let began = Instant::now();
        // Half a minute of trouble, ten seconds of peace.
        let trouble = seconds(30);
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..40 {
            for _ in 0..200 {
                let (values, key, mut luck) = (world.values.clone(), rng.u64(..KEYS), rng.fork());
                callers.spawn(async move {
                    let name = key.to_string();
                    let load = values.get_or_load(&name, move |_| async move {
                        let troubled = began.elapsed() < trouble;
                        if troubled {
                            tokio::time::sleep(Duration::from_millis(luck.u64(..4_000))).await;
                        }
                        let read = began.elapsed().as_secs() * KEYS + key;
                        if troubled && luck.u8(..3) == 0 { Err("no database") } else { Ok(read) }
                    });
                    let value = load.await.ok().map(|value| *value);
                    assert!(
                        value.is_none_or(|value| value % KEYS == key),
                        "{shape:?}: {key} was given {value:?}"
                    );
                });
            }
            for _ in 0..10 {
                pass(Duration::from_millis(100)).await;
                world.settle().await;
            }
        }
        callers.abort_all();
        while let Some(done) = callers.join_next().await {
            assert!(done.is_ok() || done.unwrap_err().is_cancelled());
        }
        for key in 0..KEYS {
            let name = key.to_string();
            let load = world.values.get_or_load(&name, |_| std::future::pending::<Result<u64, ()>>());
            let read = *load.await.unwrap() / KEYS;
            assert!(
                read >= trouble.as_secs() + 4,
                "{shape:?}: {key} is stuck with what was read at {read} s"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_an_old_value_the_soft_timeout_rules_and_the_load_lands_later() {
    for shape in SHAPES {
        let world = World::new(shape, options());
        world.load().await.unwrap();
        pass(seconds(11)).await;
        world.source.hold();
        let began = Instant::now();
        let hit = world.load().await.unwrap();
        assert_eq!((*hit.value, hit.freshness, began.elapsed()), (1, TIMED_OUT, seconds(1)), "{shape:?}");
        // Within the throttle nobody waits again.
        assert_eq!(world.load().await.unwrap().freshness, TIMED_OUT);
        assert_eq!(began.elapsed(), seconds(1), "{shape:?}");
        world.source.release();
        world.settle().await;
        let hit = world.load().await.unwrap();
        assert_eq!((*hit.value, hit.freshness), (2, Freshness::Fresh), "{shape:?}");
        assert_eq!(world.source.loads(), 2, "{shape:?}");
    }
}

/// Compare ZiggyCreatures/FusionCache#560: a late completion must not stick over what came after the load began.
#[tokio::test(start_paused = true)]
async fn a_load_that_ends_behind_does_not_undo_what_happened_meanwhile() {
    for shape in SHAPES {
        for how in ["key", "tag", "clear", "set"] {
            let world = World::new(shape, options().tag("t"));
            world.load().await.unwrap();
            pass(seconds(11)).await;
            world.source.hold();
            assert_eq!(world.load().await.unwrap().freshness, TIMED_OUT);
            match how {
                "key" => drop(world.values.invalidate("a").await),
                "tag" => drop(world.cache.invalidate_tag("t").await),
                "clear" => drop(world.cache.clear().await),
                _ => drop(world.values.set("a", 99).await.unwrap()),
            }
            world.source.release();
            world.settle().await;
            let expected = (how == "set").then_some(99);
            assert_eq!(world.values.get("a").await.as_deref().copied(), expected, "{shape:?} {how}");
            world.forget_memory();
            let below = expected.filter(|_| shape != Shape::L1);
            assert_eq!(world.values.get("a").await.as_deref().copied(), below, "{shape:?} {how}: below");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn followers_time_out_as_leaders_do() {
    let world = World::new(Shape::L1, options());
    world.source.hold();
    let (values, source) = (world.values.clone(), world.source.clone());
    let leader = tokio::spawn(async move { values.get_or_load("a", move |_| source.read()).await });
    world.settle().await;
    pass(seconds(2)).await;
    let began = Instant::now();
    assert!(world.load().await.unwrap_err().is_timed_out());
    assert_eq!(began.elapsed(), seconds(3), "each from its own beginning");
    assert!(leader.await.unwrap().unwrap_err().is_timed_out());
    world.source.release();
    world.settle().await;
    assert_eq!(world.values.get_cached("a").as_deref(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn without_background_completion_a_load_ends_with_its_last_caller() {
    for borrowed in [false, true] {
        let timeouts = options().timeouts.background(borrowed);
        let world = World::new(Shape::L1, options().timeouts(timeouts));
        world.source.hold();
        let source = world.source.clone();
        let load = world.values.clone();
        let error = if borrowed {
            load.get_or_load_borrowed("a", |_| source.clone().read()).await.unwrap_err()
        } else {
            world.load().await.unwrap_err()
        };
        assert!(error.is_timed_out());
        world.source.release();
        world.settle().await;
        assert_eq!(world.values.get_cached("a"), None, "borrowed: {borrowed}");
        assert_eq!(world.values.stats().load_failures, 1);
    }
}

/// The hard timeout alone, with an old value: served as well.
#[tokio::test(start_paused = true)]
async fn a_hard_timeout_falls_back_too() {
    let hard = LoadTimeouts::default().hard(seconds(3));
    let world = World::new(Shape::L1L2, options().timeouts(hard));
    world.load().await.unwrap();
    pass(seconds(11)).await;
    world.source.hold();
    let began = Instant::now();
    assert_eq!((world.load().await.unwrap().freshness, began.elapsed()), (TIMED_OUT, seconds(3)));
}

/// A soft timeout without fail-safe has nothing to serve.
#[tokio::test(start_paused = true)]
async fn a_soft_timeout_alone_never_cuts_a_load_short() {
    let soft = LoadTimeouts::default().soft(seconds(1));
    let world = World::new(Shape::L1, options().no_fail_safe().timeouts(soft));
    world.load().await.unwrap();
    pass(seconds(11)).await;
    world.source.hold();
    let source = world.source.clone();
    tokio::spawn(async move {
        tokio::time::sleep(seconds(8)).await;
        source.release();
    });
    assert_eq!(*world.load().await.unwrap().value, 2);
}
