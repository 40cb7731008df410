//! Regions whose time to live follows a name of a table that changes.

use std::convert::Infallible;
use std::time::Duration;

use super::world::{SHAPES, Shape, World, pass, seconds};
use crate::{CacheError, EagerRefresh, FailSafe, Freshness, LiveTtl, Region, RegionOptions, TtlTable, Why};

const NAME: &str = "search_results";

/// The table, and options that follow its line, which says 100 s.
fn followed() -> (LiveTtl, RegionOptions) {
    let table = LiveTtl::new(TtlTable::default().with(NAME, seconds(100))).unwrap();
    let options = RegionOptions::default().ttl(table.get(NAME).unwrap());
    (table, options)
}

fn say(table: &LiveTtl, ttl: u64) {
    assert_eq!(table.set(NAME, seconds(ttl)).unwrap().len(), 1);
}

async fn load(values: &Region<str, u64>, key: &str) {
    values.get_or_load(key, |_| async { Ok::<_, Infallible>(1) }).await.unwrap();
}

/// What is left of the life that a shared layer knows of.
fn left(world: &World, key: &str) -> Duration {
    let store = world.l2.as_ref().or(world.l3.as_ref()).unwrap();
    let expires_ms = store.item(&format!("k:{key}")).expires_ms;
    Duration::from_millis(expires_ms.saturating_sub(world.cache.inner.clock.wall_ms()))
}

fn is_about(shown: Duration, expected: u64) -> bool {
    shown.abs_diff(seconds(expected)) < Duration::from_millis(500)
}

#[tokio::test(start_paused = true)]
async fn the_next_fill_lives_by_the_changed_table_and_what_is_kept_by_the_old_in_every_layer() {
    for shape in SHAPES {
        let (table, options) = followed();
        let world = World::new(shape, options);
        load(&world.values, "old").await;
        say(&table, 10);
        load(&world.values, "loaded").await;
        world.values.set("set", 1).await.unwrap();
        load(&world.values.with(|options| options.tag("t")).unwrap(), "of a view").await;
        say(&table, 1_000);
        load(&world.values, "longer").await;
        world.settle().await;
        if shape != Shape::L1 {
            for (key, ttl) in [("old", 100), ("loaded", 10), ("set", 10), ("longer", 1_000)] {
                assert!(is_about(left(&world, key), ttl), "{shape:?} {key}: {:?}", left(&world, key));
            }
        }

        pass(seconds(9)).await;
        for key in ["old", "loaded", "set", "of a view", "longer"] {
            assert!(world.values.get_cached(key).is_some(), "{shape:?} {key}");
        }
        for (wait, dead, alive) in [
            (2, &["loaded", "set", "of a view"][..], &["old", "longer"][..]),
            (90, &["old"][..], &["longer"][..]),
            (900, &["longer"][..], &[][..]),
        ] {
            pass(seconds(wait)).await;
            for key in dead {
                assert!(world.values.get(*key).await.is_none(), "{shape:?} {key}");
                assert!(world.other.get(*key).await.is_none(), "{shape:?} {key}: elsewhere");
            }
            for key in alive {
                assert!(world.values.get_cached(key).is_some(), "{shape:?} {key}");
                assert_eq!(world.other.get(*key).await.is_some(), shape != Shape::L1, "{shape:?} {key}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn jitter_is_a_share_of_what_the_name_says_now() {
    let (table, options) = followed();
    let world = World::new(Shape::L1L2, options.jitter(0.5));
    say(&table, 10);
    let mut lives = Vec::new();
    for n in 0..40 {
        load(&world.values, &n.to_string()).await;
        lives.push(left(&world, &n.to_string()));
    }
    lives.sort();
    let (shortest, longest) = (lives[0], lives[39]);
    assert!(shortest >= Duration::from_millis(4_500) && longest <= seconds(10), "{lives:?}");
    assert!(longest - shortest > seconds(1), "{lives:?}");
}

#[tokio::test(start_paused = true)]
async fn the_eager_point_is_a_share_of_what_the_name_said_when_the_value_was_kept() {
    for shape in SHAPES {
        let (table, options) = followed();
        let world = World::new(shape, options.eager_refresh(EagerRefresh::At(0.5)));
        world.load().await.unwrap();
        say(&table, 10);
        pass(seconds(6)).await;
        world.load().await.unwrap();
        world.settle().await;
        assert_eq!(world.source.loads(), 1, "{shape:?}: half of 100 s is not over");
        pass(seconds(45)).await;
        world.load().await.unwrap();
        world.settle().await;
        assert_eq!(world.source.loads(), 2, "{shape:?}");
        pass(seconds(4)).await;
        world.load().await.unwrap();
        world.settle().await;
        assert_eq!(world.source.loads(), 2, "{shape:?}");
        pass(seconds(2)).await;
        world.load().await.unwrap();
        world.settle().await;
        assert_eq!(world.source.loads(), 3, "{shape:?}: half of 10 s is over");

        // A soft time beyond what the name says is fresh to the end, and half of that is half of the end.
        let soft = world.values.with(|options| options.soft_ttl(seconds(60))).unwrap();
        let _ = world.values.invalidate("a").await;
        world.load_in(&soft).await.unwrap();
        pass(seconds(6)).await;
        world.load_in(&soft).await.unwrap();
        world.settle().await;
        assert_eq!(world.source.loads(), 5, "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_slides_ends_by_what_the_name_said_however_often_it_is_read() {
    for shape in SHAPES {
        let (table, options) = followed();
        let world = World::new(shape, options.sliding(seconds(20)));
        say(&table, 30);
        world.load().await.unwrap();
        say(&table, 100);
        for _ in 0..4 {
            pass(seconds(7)).await;
            assert!(world.values.get("a").await.is_some(), "{shape:?}");
            world.settle().await;
        }
        pass(seconds(3)).await;
        assert!(world.values.get("a").await.is_none(), "{shape:?}: 31 s");
        world.load().await.unwrap();
        pass(seconds(21)).await;
        assert!(world.values.get("a").await.is_none(), "{shape:?}: unread for longer than it may be");
        // A name may say less than the idle time.
        say(&table, 10);
        world.load().await.unwrap();
        pass(seconds(11)).await;
        assert!(world.values.get("a").await.is_none(), "{shape:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_hard_time_is_what_the_name_says_and_the_soft_one_lies_within_it() {
    for shape in SHAPES {
        let (table, options) = followed();
        let world = World::new(shape, options.soft_ttl(seconds(60)));
        let freshness = async || world.values.get_hit("a").await.map(|hit| hit.freshness);
        let stale = Some(Freshness::Stale { why: Why::NotLoading });
        say(&table, 1_000);
        world.load().await.unwrap();
        pass(seconds(59)).await;
        assert_eq!(freshness().await, Some(Freshness::Fresh), "{shape:?}");
        pass(seconds(2)).await;
        assert_eq!(freshness().await, stale, "{shape:?}");
        pass(seconds(938)).await;
        assert_eq!(freshness().await, stale, "{shape:?}");
        pass(seconds(2)).await;
        assert_eq!(freshness().await, None, "{shape:?}");

        say(&table, 30);
        world.load().await.unwrap();
        pass(seconds(29)).await;
        assert_eq!(freshness().await, Some(Freshness::Fresh), "{shape:?}");
        pass(seconds(2)).await;
        assert_eq!(freshness().await, None, "{shape:?}: nothing is left between the two");
    }
}

/// The end of what is served lies between what a layer says first and last of an entry.
#[tokio::test(start_paused = true)]
async fn what_lies_below_keeps_the_hard_time_it_was_given() {
    for shape in [Shape::L1L2, Shape::L1L3, Shape::L1L2L3] {
        for later in [5, 70, 1_000] {
            let (table, options) = followed();
            let fail_safe = FailSafe::default().max_age(seconds(10_000));
            let world = World::new(shape, options.soft_ttl(seconds(60)).fail_safe(fail_safe));
            world.load().await.unwrap();
            world.settle().await;
            say(&table, later);
            for (wait, expected) in [
                (59, Some(Freshness::Fresh)),
                (40, Some(Freshness::Stale { why: Why::NotLoading })),
                (2, None),
            ] {
                pass(seconds(wait)).await;
                for node in [&world.values, &world.other] {
                    let found = node.get_hit("a").await.map(|hit| hit.freshness);
                    assert_eq!(found, expected, "{shape:?}, then {later} s");
                }
                world.forget_memory();
                world.other.inner.l1.clear();
            }
            world.source.fail(true);
            let hit = world.load_in(&world.other).await.unwrap();
            assert_eq!(
                hit.freshness,
                Freshness::Stale { why: Why::LoaderFailed },
                "{shape:?}: fail-safe has it"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_is_one_definition_and_what_it_says_is_none() {
    let (table, options) = followed();
    let world = World::new(Shape::L1, options.clone().soft_ttl(seconds(60)));
    say(&table, 30);
    let again = RegionOptions::default().ttl(table.get(NAME).unwrap()).soft_ttl(seconds(60));
    assert!(world.cache.region::<str, u64>("k", again).is_ok(), "the same name of the same table");
    let fixed = world.cache.region::<str, u64>("k", RegionOptions::default().ttl(seconds(30)));
    assert!(matches!(fixed.unwrap_err(), CacheError::RegionConflict { .. }));

    // What the table may say at the next start is no error at that start.
    let wide = options.soft_ttl(seconds(60)).sliding(seconds(60));
    let wide = wide.fail_safe(FailSafe::default().max_age(seconds(20)));
    assert_eq!(wide.validate(), Ok(()));
    let fields = wide.ttl(seconds(30)).validate().unwrap_err();
    assert_eq!(
        (fields.field, fields.also.len()),
        ("soft_ttl", 2),
        "a fixed one is checked against the others"
    );
    assert!(world.values.with(|options| options.tag("t")).is_ok());
}
