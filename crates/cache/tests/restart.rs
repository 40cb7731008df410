#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "sqlite")]
//! A warm restart: hot keys saved at the end are in memory again after the beginning, from the layer that survived.

use std::convert::Infallible;
use std::path::Path;

use mainstay_cache::warm::{Manifest, Popularity, PopularityConfig, WarmConfig, WarmRunner, each};
use mainstay_cache::{Cache, MemoryConfig, Region, RegionOptions};

async fn open(path: &Path) -> (Cache, Region<u64, String>) {
    let memory = MemoryConfig::default().capacity(10_000);
    let cache = Cache::builder("houses").memory(memory).sqlite(path).build().await.unwrap();
    let homes = cache.region("home", RegionOptions::default()).unwrap();
    (cache, homes)
}

#[tokio::test]
async fn the_hot_keys_are_in_memory_again_and_what_was_invalidated_is_loaded_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (layer, hot) = (folder.path().join("cache.db"), folder.path().join("hot.keys"));
    {
        let (cache, homes) = open(&layer).await;
        let popularity = Popularity::new(PopularityConfig::default().sample_one_in(1)).unwrap();
        let home = |id: u64| {
            popularity.touch("home", &id);
            let homes = &homes;
            async move {
                homes
                    .get_or_load_borrowed(&id, |_| async { Ok::<_, Infallible>(format!("old {id}")) })
                    .await
                    .unwrap()
            }
        };
        for id in 0..1_000 {
            home(id).await;
        }
        for id in (0..1_000).filter(|id| id % 10 == 0) {
            home(id).await;
        }
        let _ = homes.invalidate(&20).await;
        cache.flush().await;
        Manifest::of(cache.name(), popularity.hottest(100)).save(&hot).unwrap();
    }

    let (cache, homes) = open(&layer).await;
    let manifest = Manifest::load(&hot, cache.name()).unwrap();
    assert_eq!(manifest.len(), 100);
    let restart = manifest.restart::<String>(&cache, "home", RegionOptions::default()).unwrap();
    let before = cache.stats().l3.unwrap().statements;
    let report = WarmRunner::new(WarmConfig::default()).unwrap().warmer(restart).run().await;
    assert_eq!((report.loaded(), report.skipped(), report.failed()), (99, 1, 0), "{report}");
    assert_eq!(cache.stats().l3.unwrap().statements, before + 1, "a hundred keys are one statement");
    assert_eq!(homes.get_cached(&10).as_deref().map(String::as_str), Some("old 10"));
    assert_eq!(homes.get_cached(&20), None, "its invalidation survived too");
    assert_eq!(homes.get_cached(&11), None, "it was not hot");

    let hot = manifest.region("home").filter_map(|hot| Some((hot.parse::<u64>()?, hot.weight)));
    let load = |id: u64| {
        let homes = &homes;
        async move {
            homes.get_or_load_borrowed(&id, |_| async move { Ok::<_, Infallible>(format!("new {id}")) }).await
        }
    };
    let report = WarmRunner::new(WarmConfig::default()).unwrap().warmer(each("homes", hot, load)).run().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(homes.get_cached(&20).as_deref().map(String::as_str), Some("new 20"));
    assert_eq!(
        homes.get_cached(&10).as_deref().map(String::as_str),
        Some("old 10"),
        "what is there is not loaded"
    );
}
