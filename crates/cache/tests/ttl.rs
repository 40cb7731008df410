#![allow(clippy::unwrap_used, missing_docs)]
//! Times to live by name, changed while the process runs.

use std::convert::Infallible;
use std::time::Duration;

use mainstay_cache::{Cache, LiveTtl, RegionOptions, Ttl, TtlTable};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn live() -> LiveTtl {
    LiveTtl::new(TtlTable::default()).unwrap()
}

#[test]
fn who_follows_a_name_hears_of_each_change_and_the_others_do_not() {
    let table = live();
    let (searches, again) = (table.get("search_results").unwrap(), table.get("search_results").unwrap());
    let listings = table.get("listings").unwrap();
    assert_eq!(searches, again);
    assert_ne!(searches, listings);
    assert_ne!(searches, live().get("search_results").unwrap(), "the same name of another table");
    assert!(table.get("no such name").is_none());
    let mut notices = table.watch();

    let changes = table.set("search_results", secs(60)).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].to_string(), "search_results: 300s -> 60s");
    assert_eq!((searches.ttl(), again.ttl(), listings.ttl()), (secs(60), secs(60), secs(3_600)));
    assert!(notices.has_changed().unwrap());
    assert_eq!(notices.borrow_and_update().get("search_results"), Some(secs(60)));

    assert!(table.set("search_results", secs(60)).unwrap().is_empty());
    assert!(!notices.has_changed().unwrap(), "nothing changed, nobody is told");
    assert_eq!(searches.to_string(), "60s by `search_results`");
}

#[test]
fn a_table_is_taken_whole_or_not_at_all() {
    let table = live();
    table.set("own", secs(10)).unwrap();
    let own = table.get("own").unwrap();
    let wrong = TtlTable::default().with("own", secs(20)).with("listings", Duration::ZERO);
    assert!(table.replace(wrong).unwrap_err().value.contains("listings"));
    let without = table.replace(TtlTable::default().with("listings", secs(5))).unwrap_err();
    assert!(without.value.contains("`own`") && without.allowed.contains("followed"), "{without}");
    assert_eq!(own.ttl(), secs(10));
    assert_eq!(table.table().get("listings"), Some(secs(3_600)));

    drop(own);
    let changes = table.replace(TtlTable::default()).unwrap();
    assert_eq!(changes[0].to_string(), "own: 10s -> nothing", "nobody follows it any more");
    assert!(LiveTtl::new(TtlTable::default().with("x", secs(400 * 86_400))).is_err());
}

#[test]
fn a_fixed_time_is_what_it_is() {
    assert_eq!(Ttl::default().ttl(), secs(300));
    assert_eq!(Ttl::from(secs(5)).ttl(), secs(5));
    assert_eq!(TtlTable::default().at_most(secs(600)).iter().map(|(_, ttl)| ttl).max(), Some(secs(600)));
}

#[test]
fn changes_from_many_threads_leave_table_and_followers_at_one() {
    let table = live();
    let searches = table.get("search_results").unwrap();
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            let table = &table;
            scope.spawn(move || {
                for n in 1..=200 {
                    table.set("search_results", secs(thread * n)).unwrap();
                }
            });
        }
    });
    assert_eq!(table.table().get("search_results"), Some(searches.ttl()));
}

#[tokio::test(start_paused = true)]
async fn a_shortened_time_holds_for_what_is_loaded_from_then_on() {
    let table = live();
    let ttl = table.get("search_results").unwrap();
    let cache = Cache::builder("houses").build().await.unwrap();
    let searches = cache.region::<str, u32>("search", RegionOptions::default()).unwrap();
    let load = async |text: &str| {
        let load = searches.get_or_load_borrowed(text, |cx| {
            cx.ttl(&ttl);
            async { Ok::<_, Infallible>(1) }
        });
        load.await.unwrap();
    };
    load("before").await;
    table.set("search_results", secs(10)).unwrap();
    load("after").await;
    tokio::time::advance(secs(11)).await;
    assert!(searches.get_cached("before").is_some(), "what is stored keeps its time");
    assert!(searches.get_cached("after").is_none());
}
