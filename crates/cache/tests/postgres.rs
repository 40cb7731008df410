#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "postgres")]
//! The PostgreSQL layer against a real server, shared by two nodes.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use mainstay_cache::{Cache, Delivery, Region, RegionOptions, Source};
use mainstay_testkit::postgres::Postgres;

async fn node(url: &str) -> (Cache, Region<u64, String>) {
    let cache = Cache::builder("houses").postgres(url).build().await.unwrap();
    let region = cache.region("house", RegionOptions::default()).unwrap();
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
async fn nodes_that_share_the_layer_share_values_and_invalidations() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url();
    // Together, so that they race to make the tables.
    let ((one, here), (other, there)) = tokio::join!(node(&url), node(&url));
    for id in 0..6 {
        assert_eq!(load(&here, id).await, Source::Loader);
    }
    one.flush().await;
    let before = other.stats().l3.unwrap().statements;
    assert!(there.get_many(&[0, 1, 2]).await.iter().all(Option::is_some));
    assert_eq!(other.stats().l3.unwrap().statements, before + 1, "many keys are one statement");
    assert_eq!(there.invalidate(&3).await, Delivery::Applied);
    assert_eq!(other.invalidate_tag("suburb:0").await, Delivery::Applied);

    let (fresh, elsewhere) = node(&url).await;
    let alive: Vec<bool> =
        elsewhere.get_many(&[0, 1, 2, 3, 4, 5]).await.iter().map(Option::is_some).collect();
    assert_eq!(alive, [false, true, false, false, false, true]);
    assert!(here.get(&99).await.is_none(), "node one's next word from the layer brings the stamp");
    assert_eq!(here.get_cached(&0), None);

    assert_eq!(fresh.clear().await, Delivery::Applied);
    assert_eq!(load(&node(&url).await.1, 5).await, Source::Loader);
}

/// The row hears of reads from one node's memory, and the other node finds what it keeps alive.
#[tokio::test]
async fn what_slides_lives_on_in_its_row_while_one_node_reads_it() {
    let postgres = Postgres::start().unwrap();
    let node = async || {
        let cache = Cache::builder("houses").postgres(postgres.url()).build().await.unwrap();
        let options = RegionOptions::default().sliding(Duration::from_millis(1_500));
        let houses: Region<u64, String> = cache.region("house", options).unwrap();
        (cache, houses)
    };
    let ((one, here), (_other, there)) = (node().await, node().await);
    for id in 0..2 {
        load(&here, id).await;
    }
    one.flush().await;
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(here.get_cached(&0).is_some());
    }
    let alive = there.get_many(&[0, 1]).await.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(alive, [true, false], "after 2.4 s");
}

#[tokio::test]
async fn a_load_that_was_overtaken_is_refused_by_the_row() {
    let postgres = Postgres::start().unwrap();
    let ((cache, here), (_other, there)) = (node(&postgres.url()).await, node(&postgres.url()).await);
    let load = here.get_or_load_borrowed(&1, |_| async {
        assert_eq!(there.invalidate(&1).await, Delivery::Applied);
        Ok::<_, Infallible>("old".to_owned())
    });
    load.await.unwrap();
    cache.flush().await;
    assert_eq!(cache.stats().l3.unwrap().refused_fills, 1);
    assert_eq!(node(&postgres.url()).await.1.get(&1).await, None);
}

#[tokio::test]
async fn postgres_away_is_survived_and_what_is_owed_is_told_first() {
    let postgres = Postgres::start().unwrap();
    let (cache, houses) = node(&postgres.url()).await;
    houses.set(&1, "old".to_owned()).await.unwrap();
    postgres.kill();
    assert_eq!(houses.invalidate(&1).await, Delivery::Queued);
    assert_eq!(load(&houses, 2).await, Source::Loader);
    postgres.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while cache.stats().l3.unwrap().owed_invalidations > 0 {
        assert!(Instant::now() < deadline, "{:?}", cache.stats().l3);
        let _ = houses.get(&99).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(node(&postgres.url()).await.1.get(&1).await, None);
}
