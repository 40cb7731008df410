#![allow(clippy::unwrap_used, missing_docs)]
//! The recipes end to end: what each makes dead, and above all what it leaves alive.

use std::convert::Infallible;

use mainstay_cache::invalidators::{
    InvalidationPlan, everything, property_deleted, property_updated, search_refreshed, user_changed,
};
use mainstay_cache::{Cache, CacheKeyBuilder, Delivery, Key, Region, RegionOptions, tags};

/// Everything the original system caches, keyed as it is there; values are the keys' own names here.
const ENTRIES: [(&str, &[&str]); 18] = [
    ("property:1", &[]),
    ("property:1:photos", &[]),
    ("property:12", &[]),
    ("price_history:1", &[]),
    ("price_history:1:long", &[]),
    ("price_history:12", &[]),
    ("properties:list:manly", &["property:1", "suburb:7"]),
    ("properties:list:bondi", &["property:12", "suburb:8"]),
    ("properties:list:coastal", &["property:1", "property:12"]),
    ("search:ann:sea", &["search", "property:1"]),
    ("search:bob:hills", &["property:12"]),
    ("saved_search:of-ann", &["search", "user:ann"]),
    ("aggregate:suburbs:manly", &["suburb:7", "state:nsw"]),
    ("aggregate:suburbs:bondi", &["suburb:8", "state:nsw"]),
    ("aggregate:suburbs:perth", &["suburb:9", "state:wa"]),
    ("user:ann", &[]),
    ("user_alerts:ann", &["user:ann"]),
    ("user:bob:settings", &["user:bob"]),
];

async fn filled(cache: &Cache) -> Region<Key, String> {
    let all = cache.region::<Key, String>("all", RegionOptions::default()).unwrap();
    for (name, given) in ENTRIES {
        let key = key(name);
        let load = all.get_or_load_borrowed(&key, |cx| async move {
            given.iter().for_each(|tag| cx.tag(tag));
            Ok::<_, Infallible>(name.to_owned())
        });
        assert_eq!(*load.await.unwrap(), name);
    }
    all
}

fn key(name: &str) -> Key {
    let mut parts = name.split(':');
    let first = CacheKeyBuilder::new(parts.next().unwrap());
    parts.fold(first, CacheKeyBuilder::component).build()
}

async fn dead(all: &Region<Key, String>) -> Vec<&'static str> {
    let mut dead = Vec::new();
    for (name, _) in ENTRIES {
        if all.get(&key(name)).await.is_none() {
            dead.push(name);
        }
    }
    dead
}

fn recipes() -> Vec<(&'static str, InvalidationPlan, Vec<&'static str>)> {
    let updated = vec![
        "property:1",
        "price_history:1",
        "properties:list:manly",
        "properties:list:coastal",
        "search:ann:sea",
        "aggregate:suburbs:manly",
        "aggregate:suburbs:bondi",
    ];
    let mut deleted = updated.clone();
    deleted.splice(1..1, ["property:1:photos"]);
    deleted.splice(3..3, ["price_history:1:long"]);
    let mut moved = updated.clone();
    moved.push("aggregate:suburbs:perth");
    vec![
        ("property updated", property_updated(1, 7, "nsw"), updated),
        ("property deleted", property_deleted(1, 7, "nsw"), deleted),
        ("property moved", property_updated(1, 7, "nsw").tag(tags::suburb(9)), moved),
        ("search", search_refreshed(), vec!["search:ann:sea", "search:bob:hills", "saved_search:of-ann"]),
        (
            "user",
            user_changed("ann"),
            vec!["search:ann:sea", "saved_search:of-ann", "user:ann", "user_alerts:ann"],
        ),
        ("user of a name like a glob", user_changed("*"), vec![]),
        ("user of a name like a path", user_changed("ann:sea"), vec![]),
        ("all", everything(), ENTRIES.iter().map(|(name, _)| *name).collect()),
        ("nothing", InvalidationPlan::new(), vec![]),
    ]
}

#[tokio::test]
async fn each_recipe_hits_what_it_says_and_nothing_else() {
    for (name, plan, expected) in recipes() {
        let cache = Cache::builder("houses").build().await.unwrap();
        let all = filled(&cache).await;
        assert_eq!(plan.apply(&cache).await, Delivery::Applied);
        assert_eq!(dead(&all).await, expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_being_loaded_when_a_recipe_is_applied_is_not_kept() {
    let cache = Cache::builder("houses").build().await.unwrap();
    let homes = cache.region::<u64, u32>("property", RegionOptions::default()).unwrap();
    let lists = cache.region::<str, u32>("list", RegionOptions::default()).unwrap();
    let page = homes.get_or_load_borrowed(&1, |_| async {
        let list = lists.get_or_load_borrowed("all", |cx| async move {
            cx.tag(tags::property(1));
            let _ = property_updated(1, 7, "nsw").apply(&cache).await;
            Ok::<_, Infallible>(1)
        });
        Ok::<_, Infallible>(*list.await.unwrap())
    });
    assert_eq!(*page.await.unwrap(), 1);
    assert!(homes.get_cached(&1).is_none() && lists.get_cached("all").is_none());
}

#[test]
fn plans_are_data() {
    let plan = InvalidationPlan::new().key("property", &1).tag("t").pattern("a*");
    assert_eq!(plan.clone().and(plan.clone()), plan, "what is there is not added twice");
    assert_eq!(
        InvalidationPlan::new().under("search", "a:*"),
        InvalidationPlan::new().pattern("search:a%3A%2A:*")
    );
    assert_eq!(
        InvalidationPlan::new().key("ignored", &CacheKeyBuilder::property("12")),
        InvalidationPlan::new().key("property", "12")
    );
}

#[test]
fn tags_are_escaped_and_of_ids_of_any_kind() {
    assert_eq!(tags::property(12), "property:12");
    assert_eq!(tags::property("12"), "property:12");
    assert_eq!(tags::suburb(("nsw", "North Sydney")), "suburb:nsw:North%20Sydney");
    assert_ne!(tags::suburb("nsw:Manly"), tags::suburb(("nsw", "Manly")));
    assert_eq!(tags::user("a*"), "user:a%2A");
    assert_eq!((tags::state("nsw"), tags::of("order", 7)), ("state:nsw".to_owned(), "order:7".to_owned()));
}

#[cfg(feature = "redis")]
mod with_redis {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, Instant};

    use mainstay_cache::RedisConfig;
    use mainstay_testkit::redis::Redis;

    use super::{Cache, Delivery, InvalidationPlan, dead, filled, recipes};

    async fn node(redis: &Redis) -> Cache {
        Cache::builder("houses").redis(RedisConfig::new(redis.url())).build().await.unwrap()
    }

    #[tokio::test]
    async fn on_another_node_each_recipe_hits_the_same() {
        let redis = Redis::start().unwrap();
        for (name, plan, expected) in recipes() {
            let here = node(&redis).await;
            let _ = here.clear().await;
            let all = filled(&here).await;
            assert_eq!(plan.apply(&here).await, Delivery::Applied);
            assert_eq!(here.stats().l2.unwrap().owed_invalidations, 0, "{name}: applied is told");
            assert_eq!(dead(&all).await, expected, "{name}");
            let there = node(&redis).await;
            let all = there.region("all", mainstay_cache::RegionOptions::default()).unwrap();
            assert_eq!(dead(&all).await, expected, "{name}, on another node");
        }
    }

    #[tokio::test]
    async fn dropped_after_its_first_poll_all_of_a_plan_holds_here_and_is_owed_to_redis() {
        let redis = Redis::start().unwrap();
        let cache = node(&redis).await;
        let all = filled(&cache).await;
        redis.pause();
        // More steps than `join_all` polls one by one.
        let others = (0..100).fold(InvalidationPlan::new(), |plan, n| plan.tag(format!("other:{n}")));
        let (_, plan, expected) = recipes().swap_remove(1);
        {
            let mut apply = pin!(others.and(plan).apply(&cache));
            assert_eq!(apply.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        }
        assert!(cache.stats().l2.unwrap().owed_invalidations > 100);
        assert!(expected.iter().all(|name| all.get_cached(&super::key(name)).is_none()), "dead here at once");
        redis.resume();
        let deadline = Instant::now() + Duration::from_secs(20);
        while cache.stats().l2.unwrap().owed_invalidations > 0 {
            assert!(Instant::now() < deadline, "{:?}", cache.stats().l2);
            let _ = all.get(&super::key("poll")).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(dead(&all).await, expected);
        let there = node(&redis).await;
        let all = there.region("all", mainstay_cache::RegionOptions::default()).unwrap();
        assert_eq!(dead(&all).await, expected, "on another node");
    }

    #[tokio::test]
    async fn with_redis_away_a_plan_holds_here_and_is_queued() {
        let redis = Redis::start().unwrap();
        let cache = node(&redis).await;
        let all = filled(&cache).await;
        redis.kill();
        let (_, plan, expected) = recipes().swap_remove(0);
        assert_eq!(plan.apply(&cache).await, Delivery::Queued);
        assert_eq!(dead(&all).await, expected);
    }
}
