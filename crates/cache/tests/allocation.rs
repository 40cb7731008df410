#![allow(clippy::unwrap_used, missing_docs)]
//! A hit in memory allocates nothing.

use std::convert::Infallible;

use mainstay_cache::{Cache, CacheKeyBuilder, Key, MemoryConfig, MemoryKind, RegionOptions};

#[cfg(feature = "macros")]
#[mainstay_cache::cacheable(region = values, key = id, ttl = "1h", tags = [format!("id:{id}")], cache_if = value.len() < 9)]
async fn cached(values: &mainstay_cache::Region<u64, Vec<u8>>, id: u64) -> std::sync::Arc<Vec<u8>> {
    vec![4; usize::try_from(id).unwrap()]
}

#[cfg(feature = "macros")]
#[test]
fn a_hit_through_the_attribute_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let cache = Cache::builder("hits").build().await.unwrap();
        let values = cache.region("id", RegionOptions::default()).unwrap();
        for _ in 0..100 {
            assert_eq!(*cached(&values, 3).await, [4; 3]);
        }
        let mut hits = std::pin::pin!(async {
            for _ in 0..20 {
                assert_eq!(cached(&values, 3).await.len(), 3);
            }
        });
        let counted = allocation_counter::measure(|| {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(hits.as_mut().poll(&mut context).is_ready(), "a hit never waits");
        });
        assert_eq!(counted.count_total, 0, "{counted:?}");
        assert_eq!(cache.stats().loads, 1);
    });
}

#[test]
fn a_hit_in_memory_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for kind in [MemoryKind::QuickCache, MemoryKind::Moka] {
        runtime.block_on(async {
            let cache =
                Cache::builder("hits").memory(MemoryConfig::default().kind(kind)).build().await.unwrap();
            let by_id = cache.region::<u64, Vec<u8>>("id", RegionOptions::default()).unwrap();
            let by_name = cache.region::<str, Vec<u8>>("name", RegionOptions::default()).unwrap();
            let built = cache.region::<Key, Vec<u8>>("built", RegionOptions::default()).unwrap();
            let key = CacheKeyBuilder::property_list(&["manly"], 1, 20);
            by_id.set(&7, vec![1]).await.unwrap();
            by_name.set("caf\u{e9} de Manly", vec![2]).await.unwrap();
            built.set(&key, vec![3]).await.unwrap();
            // The thread's key buffer, and whatever the store sets up at its first reads.
            for _ in 0..100 {
                assert!(by_id.get_cached(&7).is_some());
                assert!(built.get_cached(&key).is_some());
                assert!(by_name.get_cached("caf\u{e9} de Manly").is_some());
            }
            let load = || async { Ok::<_, Infallible>(Vec::new()) };
            let mut future = std::pin::pin!(async {
                let mut hits = 0_u64;
                for _ in 0..20 {
                    hits += by_id.get_cached(&7).unwrap().len() as u64;
                    hits += by_name.get_cached("caf\u{e9} de Manly").unwrap().len() as u64;
                    hits += built.get_cached(&key).unwrap().len() as u64;
                    hits += by_id.get_or_load(&7, move |_| load()).await.unwrap().len() as u64;
                }
                hits
            });
            let mut answer = std::task::Poll::Pending;
            let counted = allocation_counter::measure(|| {
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                answer = future.as_mut().poll(&mut context);
            });
            assert_eq!(answer, std::task::Poll::Ready(80), "a hit never waits");
            if kind == MemoryKind::QuickCache {
                assert_eq!(counted.count_total, 0, "{counted:?}");
            } else {
                // moka records reads in a queue whose blocks it allocates now and then; not one a hit.
                assert!(counted.count_total < 80 / 4, "{counted:?}");
            }
        });
    }
}
