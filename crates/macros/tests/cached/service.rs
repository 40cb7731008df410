//! A service over a database that counts, each method cached in another way.

use mainstay_cache::{Cache, Region, RegionOptions, cacheable};
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// The error of the functions below; `?` makes one of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault(pub(crate) String);

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) id: u64,
    pub(crate) suburb: String,
    pub(crate) asked: u32,
}

/// A database that counts how often it is asked, and fails for the ids from 1,000.
#[derive(Default)]
pub(crate) struct Database {
    asked: AtomicU32,
}

impl Database {
    pub(crate) async fn listing(&self, id: u64) -> Result<Listing, &'static str> {
        tokio::task::yield_now().await;
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        if id >= 1_000 { Err("down") } else { Ok(Listing { id, suburb: "Manly".into(), asked }) }
    }

    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

pub(crate) struct Service {
    pub(crate) cache: Cache,
    pub(crate) listings: Region<u64, Listing>,
    pub(crate) pages: Region<(String, u32), Vec<Listing>>,
    pub(crate) suburbs: Region<str, String>,
    pub(crate) counts: Region<str, u32>,
    pub(crate) outcomes: Region<u64, Result<Listing, Fault>>,
    pub(crate) database: Database,
}

pub(crate) async fn service() -> Service {
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
    pub(crate) async fn listing(&self, id: u64) -> Result<Arc<Listing>, Fault> {
        let listing = self.database.listing(id).await?;
        if listing.id == 999 {
            return Err(Fault("hidden".into()));
        }
        Ok(listing)
    }

    /// Cloned out.
    #[cacheable(region = self.listings, key = id)]
    pub(crate) async fn own_listing(&mut self, id: u64) -> Result<Listing, Fault> {
        Ok(self.database.listing(id).await?)
    }

    #[cacheable(region = &self.suburbs)]
    pub(crate) async fn shouted(&self, suburb: &str) -> Arc<String> {
        self.database.asked.fetch_add(1, Ordering::Relaxed);
        if suburb.is_empty() {
            return "NOWHERE".into();
        }
        suburb.to_uppercase()
    }

    #[cacheable(region = self.counts, key = "all")]
    pub(crate) async fn count(self: Arc<Self>) -> u32 {
        self.database.asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    #[cacheable(
        region = self.pages,
        tags = value.iter().map(|listing| format!("listing:{}", listing.id)),
        cache_if = !value.is_empty()
    )]
    pub(crate) async fn page(&self, suburb: &str, number: u32) -> Result<Arc<Vec<Listing>>, Fault> {
        let mut page = Vec::new();
        for id in 0..number {
            page.push(Listing { suburb: suburb.to_owned(), ..self.database.listing(id.into()).await? });
        }
        self.database.asked.fetch_add(1, Ordering::Relaxed);
        Ok(page)
    }

    #[cacheable(region = self.listings, key = id, when = !fresh, ttl = "1m 30s", tags = ["listings", value.suburb, format!("id:{id}")])]
    pub(crate) async fn described(&self, id: u64, fresh: bool) -> Result<Arc<Listing>, Fault> {
        Ok(self.database.listing(id).await?)
    }

    #[cacheable(region = self.listings, key = id, ttl = Duration::from_secs(u64::from(value.asked) * seconds))]
    pub(crate) async fn kept_for(&self, id: u64, seconds: u64) -> Result<Arc<Listing>, Fault> {
        Ok(self.database.listing(id).await?)
    }

    #[cacheable(region = self.outcomes, ttl = "1h", errors = "10s")]
    pub(crate) async fn outcome(&self, id: u64) -> Result<Listing, Fault> {
        Ok(self.database.listing(id).await?)
    }
}
