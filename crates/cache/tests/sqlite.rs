#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "sqlite")]
//! The SQLite layer: it survives restarts, and so do the invalidations.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use mainstay_cache::{Cache, Delivery, Region, RegionOptions, Source};

async fn open(path: &Path) -> (Cache, Region<u64, String>) {
    let cache = Cache::builder("houses").sqlite(path).build().await.unwrap();
    let region = cache.region("house", RegionOptions::default().ttl(Duration::from_secs(3_600))).unwrap();
    (cache, region)
}

async fn load(houses: &Region<u64, String>, id: u64) -> Source {
    let load = houses.get_or_load_hit(&id, move |cx| async move {
        cx.tag(format!("suburb:{}", id % 2));
        Ok::<_, Infallible>(format!("house {id}"))
    });
    load.await.unwrap().source
}

#[tokio::test]
async fn what_was_loaded_survives_a_restart_and_what_was_invalidated_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (cache, houses) = open(&path).await;
    for id in 0..6 {
        assert_eq!(load(&houses, id).await, Source::Loader);
    }
    houses.set(&6, "set".to_owned()).await.unwrap();
    cache.flush().await;
    assert_eq!(houses.invalidate(&0).await, Delivery::Applied);
    drop((cache, houses));

    let (cache, houses) = open(&path).await;
    assert_eq!(houses.get(&0).await, None, "its invalidation survived");
    assert_eq!(houses.get_hit(&1).await.unwrap().source, Source::L3);
    assert_eq!(houses.get(&6).await.as_deref().map(String::as_str), Some("set"));
    assert_eq!(cache.invalidate_tag("suburb:1").await, Delivery::Applied);
    assert_eq!(cache.invalidate_pattern("house:[4]").await, Delivery::Applied);
    drop((cache, houses));

    let (cache, houses) = open(&path).await;
    let found = houses.get_many(&[0, 1, 2, 3, 4, 5, 6]).await;
    let alive: Vec<bool> = found.iter().map(Option::is_some).collect();
    assert_eq!(alive, [false, false, true, false, false, false, true], "stamps survived");
    assert_eq!(load(&houses, 1).await, Source::Loader);
    cache.flush().await;
    drop((cache, houses));

    let (cache, houses) = open(&path).await;
    assert_eq!(load(&houses, 1).await, Source::L3, "what a stamp killed is cacheable again");
    assert_eq!(cache.clear().await, Delivery::Applied);
    drop((cache, houses));
    assert_eq!(load(&open(&path).await.1, 1).await, Source::Loader);
}

/// The row hears of reads from memory, if it is the value that is read: what slides is there after a restart.
#[tokio::test]
async fn what_slides_lives_on_in_its_row_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let open = async || {
        let cache = Cache::builder("houses").sqlite(&path).build().await.unwrap();
        let options = RegionOptions::default().sliding(Duration::from_millis(1_500));
        let houses: Region<u64, String> = cache.region("house", options).unwrap();
        (cache, houses)
    };
    let (cache, houses) = open().await;
    for id in 0..2 {
        load(&houses, id).await;
    }
    cache.flush().await;
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(houses.get_cached(&0).is_some());
    }
    drop((cache, houses));
    let (_cache, houses) = open().await;
    let alive = houses.get_many(&[0, 1]).await.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(alive, [true, false], "after 2.4 s");
}

#[tokio::test]
async fn a_load_that_was_overtaken_is_refused_by_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (cache, houses) = open(&path).await;
    let other = open(&path).await.1;
    let load = houses.get_or_load_borrowed(&1, |_| async {
        assert_eq!(other.invalidate(&1).await, Delivery::Applied);
        Ok::<_, Infallible>("old".to_owned())
    });
    load.await.unwrap();
    cache.flush().await;
    assert_eq!(cache.stats().l3.unwrap().refused_fills, 1);
    assert_eq!(open(&path).await.1.get(&1).await, None);
}

#[tokio::test]
async fn many_keys_are_one_statement_down_and_each_cache_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (_cache, houses) = open(&path).await;
    let ids: Vec<u64> = (0..200).collect();
    houses.set_many(ids.iter().map(|id| (id, format!("house {id}")))).await.unwrap();

    let (cache, houses) = open(&path).await;
    let before = cache.stats().l3.unwrap().statements;
    assert!(houses.get_many(&ids).await.iter().all(Option::is_some));
    assert_eq!(cache.stats().l3.unwrap().statements, before + 1);
    assert_eq!(cache.stats().l3.unwrap().hits, 200);

    let stranger = Cache::builder("another").sqlite(&path).build().await.unwrap();
    let theirs = stranger.region::<u64, String>("house", RegionOptions::default()).unwrap();
    assert_eq!(theirs.get(&1).await, None);
}
