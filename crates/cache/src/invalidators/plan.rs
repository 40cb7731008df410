use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::cache::Cache;
use crate::invalidate::Delivery;
use crate::key::{CacheKey, Key, with_rendered};

/// Keys, tags and patterns that are made dead together.
///
/// A recipe is a function that makes one; plans are data, and [`and`](Self::and) joins them.
///
/// ```
/// use mainstay_cache::{Cache, Delivery, RegionOptions, invalidators::InvalidationPlan, tags};
///
/// /// An order was shipped: its page, the lists that show it, its customer's overview.
/// fn order_shipped(order: u64, customer: &str) -> InvalidationPlan {
///     InvalidationPlan::new().key("order", &order).tag(tags::of("order", order)).under("overview", customer)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder("shop").build().await?;
/// let orders = cache.region::<u64, String>("order", RegionOptions::default())?;
/// orders.set(&7, "packed".to_owned()).await?;
/// assert_eq!(order_shipped(7, "ann").apply(&cache).await, Delivery::Applied);
/// assert!(orders.get_cached(&7).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a plan does nothing until it is applied"]
pub struct InvalidationPlan {
    keys: Vec<Key>,
    tags: Vec<String>,
    patterns: Vec<String>,
}

impl InvalidationPlan {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one key of a region: what `region.invalidate(key)` hits.
    pub fn key<K: CacheKey + ?Sized>(self, region: &str, key: &K) -> Self {
        let key = with_rendered(&format!("{region}:"), key, |text| Key::rendered(text.to_owned()));
        self.complete_key(key)
    }

    fn complete_key(mut self, key: Key) -> Self {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        self
    }

    /// Adds what was loaded with a tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
        self
    }

    /// Adds what lies beneath a key: its first components are these, and more follow. `under("search", "ann")` is
    /// `search:ann:*`; the text is escaped, so that no user's name reaches further than it should.
    pub fn under(self, region: &str, first: impl CacheKey) -> Self {
        // A rendered key holds no character that a glob knows.
        let beneath = with_rendered(&format!("{region}:"), &first, |text| format!("{text}:*"));
        self.pattern(beneath)
    }

    /// Adds a glob as [`Cache::invalidate_pattern`] knows it. It is your own text: what comes from outside belongs into
    /// [`under`](Self::under) or [`key`](Self::key).
    pub fn pattern(mut self, glob: impl Into<String>) -> Self {
        let glob = glob.into();
        if !self.patterns.contains(&glob) {
            self.patterns.push(glob);
        }
        self
    }

    /// Keys, tags, patterns.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn parts(&self) -> (&[Key], &[String], &[String]) {
        (&self.keys, &self.tags, &self.patterns)
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn of_parts(keys: Vec<Key>, tags: Vec<String>, patterns: Vec<String>) -> Self {
        Self { keys, tags, patterns }
    }

    /// Adds what another plan says.
    pub fn and(mut self, other: Self) -> Self {
        let Self { keys, tags, patterns } = other;
        self = keys.into_iter().fold(self, Self::complete_key);
        self = tags.into_iter().fold(self, Self::tag);
        patterns.into_iter().fold(self, Self::pattern)
    }

    /// Makes all of it dead: the keys with one command a layer, each tag and pattern by a stamp, all at the same time.
    /// `Queued` if any of it was not acknowledged by every layer.
    ///
    /// # Cancel safety
    /// Once polled, all of it holds in this process and is owed to the shared layers, also if it is dropped then.
    pub async fn apply(self, cache: &Cache) -> Delivery {
        let Self { keys, tags, patterns } = &self;
        let mut steps: Vec<Pin<Box<dyn Future<Output = Delivery> + Send + '_>>> = Vec::new();
        if !keys.is_empty() {
            steps.push(Box::pin(cache.invalidate_keys(keys.iter().cloned())));
        }
        for tag in tags {
            steps.push(Box::pin(cache.invalidate_tag(tag)));
        }
        for pattern in patterns {
            steps.push(Box::pin(cache.invalidate_pattern(pattern)));
        }
        // Every step does its part in this process at its first poll. `join_all` does not say that it polls all of many before
        // it answers for the first time; this does.
        let mut delivery = Delivery::Applied;
        poll_fn(|cx| {
            steps.retain_mut(|step| match step.as_mut().poll(cx) {
                Poll::Ready(answer) => {
                    delivery = delivery.and(answer);
                    false
                }
                Poll::Pending => true,
            });
            if steps.is_empty() { Poll::Ready(delivery) } else { Poll::Pending }
        })
        .await
    }
}
