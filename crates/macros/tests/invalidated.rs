#![allow(missing_docs, clippy::unwrap_used)]
//! Functions under `#[cache_invalidate]`.

use mainstay_cache::{Cache, Region, RegionOptions, cache_invalidate};
use std::{
    cell::{Cell, RefCell},
    panic::AssertUnwindSafe,
};

#[derive(Debug, PartialEq)]
struct Fault(String);

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Sold {
    suburb: String,
    seller: u64,
}

/// Entries of every kind, and which of them are still cached.
struct Service {
    cache: Cache,
    other: Cache,
    listings: Region<u64, u32>,
    pages: Region<(String, u32), u32>,
    names: Region<str, u32>,
    elsewhere: Region<u64, u32>,
}

async fn service() -> Service {
    let (cache, other) =
        (Cache::builder("one").build().await.unwrap(), Cache::builder("other").build().await.unwrap());
    let options = RegionOptions::default;
    let service = Service {
        listings: cache.region("listing", options()).unwrap(),
        pages: cache.region("page", options()).unwrap(),
        names: cache.region("name", options()).unwrap(),
        elsewhere: other.region("listing", options()).unwrap(),
        cache,
        other,
    };
    service.fill().await;
    service
}

impl Service {
    async fn fill(&self) {
        for id in [12, 13] {
            self.listings.set(&id, 0).await.unwrap();
            self.elsewhere.set(&id, 0).await.unwrap();
        }
        self.pages.set(&("Manly".into(), 1), 0).await.unwrap();
        for (name, tag) in [("a", "suburb:Manly"), ("b", "seller:7")] {
            let load = self.names.get_or_load_borrowed(name, |cx| async move {
                cx.tag(tag);
                Ok::<_, std::convert::Infallible>(0)
            });
            load.await.unwrap();
        }
    }

    /// All that is cached, by rendered key.
    fn cached(&self) -> Vec<&'static str> {
        let all = [
            ("listing:12", self.listings.get_cached(&12).is_some()),
            ("listing:13", self.listings.get_cached(&13).is_some()),
            ("page:Manly:1", self.pages.get_cached(&("Manly".into(), 1)).is_some()),
            ("name:a", self.names.get_cached("a").is_some()),
            ("name:b", self.names.get_cached("b").is_some()),
            ("other listing:12", self.elsewhere.get_cached(&12).is_some()),
            ("other listing:13", self.elsewhere.get_cached(&13).is_some()),
        ];
        all.into_iter().filter_map(|(key, cached)| cached.then_some(key)).collect()
    }

    #[cache_invalidate(
        keys(self.listings => id, self.pages => (suburb.clone(), 1), self.names => "a", self.elsewhere => &13)
    )]
    async fn rename(&self, id: u64, suburb: String, fail: bool) -> Result<(), Fault> {
        assert_eq!(self.cached().len(), 7, "nothing before the body is done");
        if fail {
            Err("refused")?;
        }
        drop(suburb);
        Ok(())
    }

    #[cache_invalidate(
        tags(format!("suburb:{}", result.suburb), "nothing"),
        patterns("page:*", format!("listing:{id}")),
        keys(self.elsewhere => result.seller),
        cache = self.cache
    )]
    async fn sell(&mut self, id: u64, to: Sold) -> Result<Sold, Fault> {
        Ok(to)
    }

    #[cache_invalidate(patterns("*"), cache = &self.other, clone(log))]
    async fn forget(&self, mut log: Vec<u8>) {
        log.push(1);
        if log.len() > 100 {
            return;
        }
        drop(log);
    }

    #[cache_invalidate(tags(format!("seller:{result}")), cache = self.cache)]
    async fn next_seller(&self) -> u64 {
        7
    }
}

const ALL: [&str; 7] =
    ["listing:12", "listing:13", "page:Manly:1", "name:a", "name:b", "other listing:12", "other listing:13"];

fn left(gone: &[&str]) -> Vec<&'static str> {
    ALL.into_iter().filter(|key| !gone.contains(key)).collect()
}

#[tokio::test]
async fn keys_go_after_a_success() {
    let service = service().await;
    service.rename(12, "Manly".into(), false).await.unwrap();
    assert_eq!(service.cached(), left(&["listing:12", "page:Manly:1", "name:a", "other listing:13"]));
}

#[tokio::test]
async fn nothing_goes_after_a_failure() {
    let service = service().await;
    assert_eq!(service.rename(12, "Manly".into(), true).await, Err("refused".into()));
    assert_eq!(service.cached(), ALL);
}

#[tokio::test]
async fn tags_and_patterns_go_and_may_be_of_the_result() {
    let mut service = service().await;
    let sold = Sold { suburb: "Manly".into(), seller: 12 };
    assert_eq!(service.sell(13, sold.clone()).await.unwrap(), sold);
    assert_eq!(service.cached(), left(&["listing:13", "page:Manly:1", "name:a", "other listing:12"]));
}

#[tokio::test]
async fn an_answer_that_is_no_result_is_a_success() {
    let service = service().await;
    service.forget(Vec::new()).await;
    assert_eq!(service.cached(), left(&["other listing:12", "other listing:13"]));
    assert_eq!(service.next_seller().await, 7);
    assert_eq!(service.cached(), left(&["name:b", "other listing:12", "other listing:13"]));
}

type Answer<T> = Result<T, Fault>;

#[cache_invalidate(keys(listings => id))]
async fn by_an_alias(listings: &Region<u64, u32>, id: u64, answer: Answer<u8>) -> Answer<u8> {
    answer
}

#[tokio::test]
async fn an_alias_of_result_fails_as_a_result() {
    let service = service().await;
    by_an_alias(&service.listings, 12, Err("no".into())).await.unwrap_err();
    assert_eq!(service.cached(), ALL);
    by_an_alias(&service.listings, 12, Ok(1)).await.unwrap();
    assert_eq!(service.cached(), left(&["listing:12"]));
}

#[cache_invalidate(keys(listings => noted(seen, id)))]
async fn evaluated<'a, T>(
    listings: &Region<u64, u32>,
    seen: &'a RefCell<Vec<&'static str>>,
    id: u64,
    answer: T,
) -> (T, &'a RefCell<Vec<&'static str>>) {
    seen.borrow_mut().push("body");
    (answer, seen)
}

fn noted(seen: &RefCell<Vec<&'static str>>, id: u64) -> u64 {
    seen.borrow_mut().push("key");
    id
}

#[cache_invalidate(keys(listings => { result.set(result.get() + 1); 12 }))]
async fn evaluated_after<'a>(
    listings: &Region<u64, u32>,
    count: &'a Cell<u32>,
) -> Result<&'a Cell<u32>, Fault> {
    count.set(10);
    Ok(count)
}

#[tokio::test]
async fn an_expression_without_the_result_is_evaluated_before_the_body() {
    let (service, seen, count) = (service().await, RefCell::default(), Cell::new(0));
    evaluated(&service.listings, &seen, 12, ()).await;
    assert_eq!(*seen.borrow(), ["key", "body"]);
    assert_eq!(service.cached(), left(&["listing:12"]));
    service.fill().await;
    evaluated_after(&service.listings, &count).await.unwrap();
    assert_eq!(count.get(), 11);
    assert_eq!(service.cached(), left(&["listing:12"]));
}

#[cache_invalidate(keys(listings => 12, listings => result.expect("a panic that the test wants")))]
async fn panicking_after_success(listings: &Region<u64, u32>) -> Option<u64> {
    None
}

#[cache_invalidate(keys(listings => 12))]
async fn panicking(listings: &Region<u64, u32>, fail: bool) -> u8 {
    assert!(!fail, "a panic that the test wants");
    1
}

/// The data has changed; that the attribute's own expression is wrong makes it no less so.
#[tokio::test]
async fn a_panic_after_the_success_invalidates_what_was_known() {
    use futures::FutureExt;
    let service = service().await;
    AssertUnwindSafe(panicking(&service.listings, true)).catch_unwind().await.unwrap_err();
    assert_eq!(service.cached(), ALL);
    AssertUnwindSafe(panicking_after_success(&service.listings)).catch_unwind().await.unwrap_err();
    assert_eq!(service.cached(), left(&["listing:12"]));
}

#[tokio::test]
async fn a_call_dropped_before_its_success_invalidates_nothing() {
    #[cache_invalidate(keys(listings => 12))]
    async fn unending(listings: &Region<u64, u32>) {
        std::future::pending::<()>().await;
    }
    let service = service().await;
    let limit = std::time::Duration::from_millis(5);
    tokio::time::timeout(limit, unending(&service.listings)).await.unwrap_err();
    assert_eq!(service.cached(), ALL);
}

#[tokio::test]
async fn the_future_can_be_spawned() {
    let service = std::sync::Arc::new(service().await);
    let spawned = {
        let service = service.clone();
        tokio::spawn(async move { service.rename(12, "Manly".into(), false).await })
    };
    spawned.await.unwrap().unwrap();
    assert!(!service.cached().contains(&"listing:12"));
}

mod elsewhere {
    pub mod inner {
        pub use mainstay_cache as house;
    }
}

#[cache_invalidate(keys(listings => 12), crate = crate::elsewhere::inner::house)]
async fn by_another_name(listings: &Region<u64, u32>) {}

#[tokio::test]
async fn the_crate_may_have_another_name() {
    let service = service().await;
    by_another_name(&service.listings).await;
    assert_eq!(service.cached(), left(&["listing:12"]));
}
