#![allow(missing_docs, clippy::unwrap_used)]
//! Functions under `#[cacheable]`.

use mainstay_cache::{Cache, CacheKey, LiveTtl, Region, RegionOptions, Ttl, TtlTable, cacheable};
use mainstay_resilience::{Error, Retry, RetryConfig, resilient};
use serde::{Deserialize, Serialize};
use std::{
    cell::RefCell,
    fmt::Display,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// The error of the functions below; `?` makes one of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fault(String);

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Listing {
    id: u64,
    suburb: String,
    asked: u32,
}

/// A database that counts how often it is asked, and fails for the ids from 1,000.
#[derive(Default)]
struct Database {
    asked: AtomicU32,
}

impl Database {
    async fn listing(&self, id: u64) -> Result<Listing, &'static str> {
        tokio::task::yield_now().await;
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        if id >= 1_000 { Err("down") } else { Ok(Listing { id, suburb: "Manly".into(), asked }) }
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

struct Service {
    cache: Cache,
    listings: Region<u64, Listing>,
    pages: Region<(String, u32), Vec<Listing>>,
    suburbs: Region<str, String>,
    counts: Region<str, u32>,
    outcomes: Region<u64, Result<Listing, Fault>>,
    database: Database,
}

async fn service() -> Service {
    let cache = Cache::builder("service").build().await.unwrap();
    let options = RegionOptions::default().ttl(Duration::from_secs(3_600));
    Service {
        listings: cache.region("listing", options.clone()).unwrap(),
        pages: cache.region("page", options.clone()).unwrap(),
        suburbs: cache.region("suburb", options.clone()).unwrap(),
        counts: cache.region("count", options.clone()).unwrap(),
        outcomes: cache.region("outcome", options).unwrap(),
        database: Database::default(),
        cache,
    }
}

impl Service {
    /// Shared, keyed by its one argument.
    #[cacheable(region = self.listings)]
    async fn listing(&self, id: u64) -> Result<Arc<Listing>, Fault> {
        let listing = self.database.listing(id).await?;
        if listing.id == 999 {
            return Err(Fault("hidden".into()));
        }
        Ok(listing)
    }

    /// Cloned out.
    #[cacheable(region = self.listings, key = id)]
    async fn own_listing(&mut self, id: u64) -> Result<Listing, Fault> {
        Ok(self.database.listing(id).await?)
    }

    #[cacheable(region = &self.suburbs)]
    async fn shouted(&self, suburb: &str) -> Arc<String> {
        self.database.asked.fetch_add(1, Ordering::Relaxed);
        if suburb.is_empty() {
            return "NOWHERE".into();
        }
        suburb.to_uppercase()
    }

    #[cacheable(region = self.counts, key = "all")]
    async fn count(self: Arc<Self>) -> u32 {
        self.database.asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    #[cacheable(
        region = self.pages,
        tags = value.iter().map(|listing| format!("listing:{}", listing.id)),
        cache_if = !value.is_empty()
    )]
    async fn page(&self, suburb: &str, number: u32) -> Result<Arc<Vec<Listing>>, Fault> {
        let mut page = Vec::new();
        for id in 0..number {
            page.push(Listing { suburb: suburb.to_owned(), ..self.database.listing(id.into()).await? });
        }
        self.database.asked.fetch_add(1, Ordering::Relaxed);
        Ok(page)
    }

    #[cacheable(region = self.listings, key = id, when = !fresh, ttl = "1m 30s", tags = ["listings", value.suburb, format!("id:{id}")])]
    async fn described(&self, id: u64, fresh: bool) -> Result<Arc<Listing>, Fault> {
        Ok(self.database.listing(id).await?)
    }

    #[cacheable(region = self.listings, key = id, ttl = Duration::from_secs(u64::from(value.asked) * seconds))]
    async fn kept_for(&self, id: u64, seconds: u64) -> Result<Arc<Listing>, Fault> {
        Ok(self.database.listing(id).await?)
    }

    #[cacheable(region = self.outcomes, ttl = "1h", errors = "10s")]
    async fn outcome(&self, id: u64) -> Result<Listing, Fault> {
        Ok(self.database.listing(id).await?)
    }
}

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

static TOTALS: OnceLock<Region<str, u64>> = OnceLock::new();

fn totals() -> &'static Region<str, u64> {
    TOTALS.get().expect("set by the test")
}

#[cacheable(region = totals(), key = show(&of[0]), clone(add))]
async fn generic<T, const N: usize>(of: [T; N], mut add: u64, show: impl Fn(&T) -> String) -> u64
where
    T: Display,
{
    add += of.len() as u64;
    add
}

#[tokio::test]
async fn generics_patterns_and_statics_are_as_in_any_function() {
    let cache = Cache::builder("totals").build().await.unwrap();
    TOTALS.set(cache.region("total", RegionOptions::default()).unwrap()).unwrap();
    assert_eq!(generic([1, 2, 3], 10, |n| format!("{n};")).await, 13);
    assert_eq!(generic([1], 10, |n| format!("{n};")).await, 13);
    assert_eq!(generic(["1"], 10, |n| (*n).to_string()).await, 11);
    assert_eq!(**totals().get_cached("1").as_ref().unwrap(), 11);
}

struct Store<K, V> {
    region: Region<K, V>,
    source: fn(&K) -> V,
}

impl<K, V> Store<K, V>
where
    K: CacheKey,
    V: Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    #[cacheable(region = self.region, key = key)]
    async fn get(&self, key: &K) -> Arc<V> {
        (self.source)(key)
    }
}

#[tokio::test]
async fn the_region_s_types_may_be_parameters() {
    let cache = Cache::builder("store").build().await.unwrap();
    let region = cache.region("n", RegionOptions::default()).unwrap();
    let store = Store { region, source: |n: &u64| n + 1 };
    assert_eq!(*store.get(&41).await, 42);
    assert_eq!(cache.stats().loads, 1);
}

trait Counted {
    async fn counted(&self, of: &str) -> Result<u32, Fault>;
}

type Answer<T> = Result<T, Fault>;

impl Counted for Service {
    #[cacheable(region = self.counts)]
    async fn counted(&self, of: &str) -> Answer<u32> {
        Ok(self.database.listing(of.len() as u64).await?.asked)
    }
}

#[tokio::test]
async fn a_method_of_a_trait_and_an_alias_of_result() {
    let service = service().await;
    assert_eq!(service.counted("manly").await, Ok(1));
    assert_eq!(service.counted("manly").await, Ok(1));
}

#[cacheable(region = region, key = request.len() as u64, tags = [format!("stamp:{stamp}")], clone(stamp))]
async fn consuming(region: &Region<u64, usize>, mut request: Vec<u32>, stamp: String) -> Arc<usize> {
    request.push(7);
    let seen = (request, stamp);
    seen.0.len() + seen.1.len()
}

#[tokio::test]
async fn the_body_may_change_and_consume_its_arguments() {
    let cache = Cache::builder("consuming").build().await.unwrap();
    let region = cache.region("n", RegionOptions::default()).unwrap();
    assert_eq!(*consuming(&region, vec![1, 2], "abc".into()).await, 6);
    assert_eq!(*consuming(&region, vec![3, 4], "abcd".into()).await, 6, "the same key");
    let _ = cache.invalidate_tag("stamp:abc").await;
    assert_eq!(*consuming(&region, vec![3, 4], "abcd".into()).await, 7);
}

#[cacheable(region = region, key = "one")]
async fn borrowing(region: &Region<str, u32>, request: String, seen: &RefCell<Vec<*const u8>>) -> Arc<u32> {
    seen.borrow_mut().push(request.as_ptr());
    1
}

#[tokio::test]
async fn nothing_is_cloned_that_was_not_listed() {
    let cache = Cache::builder("borrowing").build().await.unwrap();
    let region = cache.region("n", RegionOptions::default()).unwrap();
    let (request, seen) = (String::from("the one and only"), RefCell::default());
    let place = request.as_ptr();
    borrowing(&region, request, &seen).await;
    assert_eq!(*seen.borrow(), [place]);
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

static RETRY: LazyLock<Retry> =
    LazyLock::new(|| Retry::new("database", RetryConfig::NONE.max_attempts(3)).unwrap());

#[resilient(policy = RETRY)]
#[cacheable(region = region, key = id)]
async fn guarded(region: &Region<u64, u32>, asked: &AtomicU32, id: u64) -> Result<u32, Error<&'static str>> {
    let asked = asked.fetch_add(1, Ordering::Relaxed) + 1;
    if asked < 3 { Err("down") } else { Ok(asked + u32::try_from(id).unwrap()) }
}

#[tokio::test(start_paused = true)]
async fn a_load_may_be_guarded_and_a_hit_is_not() {
    let cache = Cache::builder("guarded").build().await.unwrap();
    let (region, asked) = (cache.region("n", RegionOptions::default()).unwrap(), AtomicU32::new(0));
    assert_eq!(guarded(&region, &asked, 10).await, Ok(13));
    assert_eq!(guarded(&region, &asked, 10).await, Ok(13));
    assert_eq!((asked.into_inner(), cache.stats().loads), (3, 1));
}

mod elsewhere {
    pub mod inner {
        pub use mainstay_cache as house;
    }
}

#[cacheable(region = region, key = "one", errors = "1s", crate = elsewhere::inner::house)]
async fn by_another_name(region: &Region<str, Result<u32, Fault>>) -> Result<u32, Fault> {
    Ok(1)
}

#[tokio::test]
async fn the_crate_may_have_another_name() {
    let cache = Cache::builder("elsewhere").build().await.unwrap();
    let region = cache.region("n", RegionOptions::default()).unwrap();
    assert_eq!(by_another_name(&region).await, Ok(1));
    assert_eq!(region.get_cached("one").as_deref(), Some(&Ok(1)));
}
