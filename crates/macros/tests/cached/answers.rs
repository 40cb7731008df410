//! What a call answers, how often the body runs, and for how long its value is kept.

use crate::service::{Fault, Listing, service};
use mainstay_cache::{Cache, LiveTtl, Region, RegionOptions, Ttl, TtlTable, cacheable};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn a_method_is_asked_once_and_then_shared() {
    let service = service().await;
    let first = service.listing(12).await.unwrap();
    assert_eq!(first.id, 12);
    assert!(Arc::ptr_eq(&first, &service.listing(12).await.unwrap()));
    assert!(Arc::ptr_eq(&first, &service.listings.get_cached(&12).unwrap()));
    assert_eq!(service.database.asked(), 1);
    service.listing(13).await.unwrap();
    assert_eq!(service.database.asked(), 2);
}

#[tokio::test]
async fn an_error_is_the_body_s_own_and_is_not_cached() {
    let service = service().await;
    for asked in 1..=2 {
        assert_eq!(service.listing(1_000).await, Err(Fault("down".into())), "by `?`");
        assert_eq!(service.database.asked(), asked);
    }
    assert_eq!(service.listing(999).await, Err(Fault("hidden".into())), "by `return`");
    assert!(service.listings.get_cached(&999).is_none());
}

#[tokio::test]
async fn concurrent_calls_are_one_body() {
    let service = Arc::new(service().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let service = service.clone();
        tasks.spawn(async move { service.listing(12).await.unwrap().asked });
    }
    assert_eq!(tasks.join_all().await, [1; 100]);
}

#[tokio::test]
async fn a_value_is_cloned_out() {
    let mut service = service().await;
    let listing: Listing = service.own_listing(12).await.unwrap();
    assert_eq!(service.own_listing(12).await.unwrap(), listing);
    assert_eq!(*service.listing(12).await.unwrap(), listing, "the same region, the same key");
    assert_eq!(service.database.asked(), 1);
}

#[tokio::test]
async fn a_function_that_cannot_fail_needs_no_result() {
    let service = Arc::new(service().await);
    let first = service.shouted("manly").await;
    assert_eq!(*first, "MANLY");
    assert!(Arc::ptr_eq(&first, &service.shouted("manly").await));
    assert_eq!(*service.shouted("").await, "NOWHERE");
    assert_eq!(service.clone().count().await, 3);
    assert_eq!(service.clone().count().await, 3);
}

#[tokio::test]
async fn several_arguments_are_a_tuple() {
    let service = service().await;
    service.page("Manly", 1).await.unwrap();
    service.page("Manly", 2).await.unwrap();
    service.page("Bondi", 1).await.unwrap();
    assert_eq!(service.cache.stats().loads, 3);
    assert_eq!(service.page("Manly", 2).await.unwrap().len(), 2);
    assert!(service.pages.get_cached(&("Bondi".into(), 1)).is_some());
    assert_eq!(service.cache.stats().loads, 3);
}

#[tokio::test]
async fn tags_are_of_the_arguments_and_the_value() {
    let service = service().await;
    for tag in ["listings", "Manly", "id:12"] {
        service.described(12, false).await.unwrap();
        assert!(service.listings.get_cached(&12).is_some());
        let _ = service.cache.invalidate_tag("id:13").await;
        assert!(service.listings.get_cached(&12).is_some(), "not its tag");
        let _ = service.cache.invalidate_tag(tag).await;
        assert!(service.listings.get_cached(&12).is_none(), "{tag}");
    }
    service.page("Manly", 3).await.unwrap();
    let _ = service.cache.invalidate_tag("listing:2").await;
    assert!(service.pages.get_cached(&("Manly".into(), 3)).is_none(), "one of many");
}

#[tokio::test]
async fn a_condition_leaves_the_cache_alone() {
    let service = service().await;
    assert_eq!(service.described(12, true).await.unwrap().asked, 1);
    assert!(service.listings.get_cached(&12).is_none(), "neither kept");
    assert_eq!(service.described(12, false).await.unwrap().asked, 2);
    assert_eq!(service.described(12, true).await.unwrap().asked, 3, "nor looked for");
    assert_eq!(service.described(12, false).await.unwrap().asked, 2);
    assert_eq!(service.described(1_000, true).await, Err(Fault("down".into())));
}

#[tokio::test]
async fn a_value_may_be_returned_and_not_kept() {
    let service = service().await;
    for asked in 1..=2 {
        assert!(service.page("Nowhere", 0).await.unwrap().is_empty());
        assert_eq!(service.database.asked(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_to_live_is_a_text_or_computed() {
    let service = service().await;
    service.described(12, false).await.unwrap();
    tokio::time::advance(Duration::from_millis(89_999)).await;
    assert!(service.listings.get_cached(&12).is_some());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(service.listings.get_cached(&12).is_none());

    assert_eq!(service.kept_for(13, 5).await.unwrap().asked, 2);
    tokio::time::advance(Duration::from_millis(9_999)).await;
    assert!(service.listings.get_cached(&13).is_some());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(service.listings.get_cached(&13).is_none());
}

#[tokio::test(start_paused = true)]
async fn errors_are_kept_if_asked_and_for_their_own_time() {
    let service = service().await;
    for _ in 0..3 {
        assert_eq!(service.outcome(1_000).await, Err(Fault("down".into())));
        assert!(service.outcome(12).await.is_ok());
    }
    assert_eq!(service.database.asked(), 2);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(service.outcome(1_000).await, Err(Fault("down".into())));
    assert_eq!(service.database.asked(), 3);
    assert!(service.outcome(12).await.is_ok());
    tokio::time::advance(Duration::from_secs(3_590)).await;
    assert!(service.outcome(12).await.is_ok());
    assert_eq!(service.database.asked(), 4);
}

#[tokio::test]
async fn a_dropped_call_leaves_nothing_behind() {
    let service = service().await;
    {
        let mut call = std::pin::pin!(service.listing(12));
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
    }
    assert_eq!(
        service.listing(12).await.unwrap().asked,
        1,
        "the dropped body got no further than its first await"
    );
}

#[cacheable(region = listings, key = id, ttl = ttl)]
async fn kept_by_name(listings: &Region<u64, Listing>, ttl: &Ttl, id: u64) -> Arc<Listing> {
    Listing { id, suburb: "Manly".into(), asked: 0 }
}

#[tokio::test(start_paused = true)]
async fn a_time_may_follow_a_name_for_one_function_as_for_a_region() {
    let cache = Cache::builder("service").build().await.unwrap();
    let table = LiveTtl::new(TtlTable::default().with("listings", Duration::from_secs(100))).unwrap();
    let ttl = table.get("listings").unwrap();
    let fixed = cache.region("fixed", RegionOptions::default()).unwrap();
    let following = cache.region("following", RegionOptions::default().ttl(&ttl)).unwrap();
    kept_by_name(&fixed, &ttl, 12).await;
    following_listing(&following, 12).await;
    table.set("listings", Duration::from_secs(5)).unwrap();
    kept_by_name(&fixed, &ttl, 13).await;
    following_listing(&following, 13).await;
    tokio::time::advance(Duration::from_secs(6)).await;
    for listings in [&fixed, &following] {
        assert!(listings.get_cached(&13).is_none(), "kept by what the name says now");
        assert!(listings.get_cached(&12).is_some(), "and before by what it said then");
    }
}

#[cacheable(region = listings, key = id)]
async fn following_listing(listings: &Region<u64, Listing>, id: u64) -> Arc<Listing> {
    Listing { id, suburb: "Manly".into(), asked: 0 }
}
