//! Which functions can be cached: generic ones, methods of traits, ones that consume or guard.

use crate::service::{Fault, Service, service};
use mainstay_cache::{Cache, CacheKey, Region, RegionOptions, cacheable};
use mainstay_resilience::{Error, Retry, RetryConfig, resilient};
use serde::Serialize;
use std::{
    cell::RefCell,
    fmt::Display,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

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
