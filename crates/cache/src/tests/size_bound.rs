//! The bound of the SQL layer: the oldest writes go, and what they refused stays refused.

use std::convert::Infallible;

use super::world::seconds;
use crate::{Cache, CacheBuilder, Delivery, Region, RegionOptions, SqlConfig};

type Node = (Cache, Region<u64, String>);

async fn node(builder: CacheBuilder, max_rows: impl Into<Option<u64>>) -> Node {
    // No sweep comes of itself while the test runs.
    let config = SqlConfig::default().max_rows(max_rows).sweep(seconds(86_400));
    let cache = builder.sql(config).build().await.unwrap();
    let houses = cache.region("house", RegionOptions::default().ttl(seconds(3_600))).unwrap();
    (cache, houses)
}

async fn write(houses: &Region<u64, String>, ids: std::ops::Range<u64>) {
    for id in ids {
        houses.set(&id, format!("house {id}")).await.unwrap();
    }
}

/// The first finds out how much is too much, the second takes it out.
async fn sweep_twice(cache: &Cache) {
    let l3 = cache.inner.l3.as_ref().unwrap();
    l3.sweep().await;
    l3.sweep().await;
    assert_eq!(cache.stats().l3.unwrap().errors, 0);
}

/// What a node with an empty memory finds of the first thirty.
async fn found(builder: CacheBuilder) -> Vec<u64> {
    let (_cache, houses) = node(builder, None).await;
    let ids: Vec<u64> = (0..30).collect();
    let found = houses.get_many(&ids).await;
    ids.into_iter().zip(found).filter_map(|(id, house)| house.map(|_| id)).collect()
}

async fn the_oldest_writes_go(builder: impl Fn() -> CacheBuilder) {
    let (cache, houses) = node(builder(), 10).await;
    write(&houses, 0..30).await;
    // Written again, and so among the youngest.
    write(&houses, 3..4).await;
    sweep_twice(&cache).await;
    let youngest: Vec<u64> = [3].into_iter().chain(21..30).collect();
    assert_eq!(found(builder()).await, youngest);
    assert_eq!(cache.stats().l3.unwrap().evictions, 20);

    sweep_twice(&cache).await;
    assert_eq!(found(builder()).await, youngest, "ten are no more than ten");
    write(&houses, 0..1).await;
    assert_eq!(found(builder()).await.len(), 11, "what was taken out can be written again");
}

async fn without_a_bound_nothing_goes(builder: impl Fn() -> CacheBuilder) {
    let (cache, houses) = node(builder(), None).await;
    write(&houses, 0..30).await;
    sweep_twice(&cache).await;
    assert_eq!(found(builder()).await.len(), 30);
    assert_eq!(cache.stats().l3.unwrap().evictions, 0);
}

/// The tombstone that would refuse the load is gone; the floor it went below refuses it.
async fn an_overtaken_load_stays_out(builder: impl Fn() -> CacheBuilder) {
    let (cache, houses) = node(builder(), 10).await;
    let (other, theirs) = node(builder(), 10).await;
    let load = houses.get_or_load_borrowed(&1, |_| async {
        assert_eq!(theirs.invalidate(&1).await, Delivery::Applied);
        write(&theirs, 100..130).await;
        sweep_twice(&other).await;
        assert_eq!(other.stats().l3.unwrap().evictions, 21, "the tombstone among them");
        Ok::<_, Infallible>("old".to_owned())
    });
    load.await.unwrap();
    cache.flush().await;
    assert_eq!(cache.stats().l3.unwrap().refused_fills, 1);
    assert_eq!(found(builder()).await, [0_u64; 0]);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use crate::Cache;

    #[tokio::test]
    async fn the_oldest_writes_go() {
        let folder = tempfile::tempdir().unwrap();
        super::the_oldest_writes_go(|| Cache::builder("houses").sqlite(folder.path().join("cache.db"))).await;
    }

    #[tokio::test]
    async fn without_a_bound_nothing_goes() {
        let folder = tempfile::tempdir().unwrap();
        let builder = || Cache::builder("houses").sqlite(folder.path().join("cache.db"));
        super::without_a_bound_nothing_goes(builder).await;
    }

    #[tokio::test]
    async fn an_overtaken_load_stays_out() {
        let folder = tempfile::tempdir().unwrap();
        let builder = || Cache::builder("houses").sqlite(folder.path().join("cache.db"));
        super::an_overtaken_load_stays_out(builder).await;
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use mainstay_testkit::postgres::Postgres;

    use crate::Cache;

    #[tokio::test]
    async fn the_oldest_writes_go() {
        let postgres = Postgres::start().unwrap();
        super::the_oldest_writes_go(|| Cache::builder("houses").postgres(postgres.url())).await;
        super::without_a_bound_nothing_goes(|| Cache::builder("unbounded").postgres(postgres.url())).await;
    }

    #[tokio::test]
    async fn an_overtaken_load_stays_out() {
        let postgres = Postgres::start().unwrap();
        super::an_overtaken_load_stays_out(|| Cache::builder("houses").postgres(postgres.url())).await;
    }
}
