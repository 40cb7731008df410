use crate::domain::{Page, PropertyDetails, SuburbStats, Trending, Valuation};
use mainstay_cache::{Cache, CacheError, Key, LiveTtl, Region, RegionOptions};

/// What is cached, a region a kind of answer, each following its line of the TTL table.
#[derive(Debug)]
pub(super) struct Regions {
    pub(super) properties: Region<i64, PropertyDetails>,
    pub(super) lists: Region<Key, Page>,
    pub(super) searches: Region<Key, Page>,
    pub(super) suburbs: Region<u32, SuburbStats>,
    pub(super) trending: Region<str, Trending>,
    pub(super) ranking: Region<str, Vec<i64>>,
    pub(super) valuations: Region<i64, Valuation>,
}

impl Regions {
    pub(super) fn open(cache: &Cache, ttl: &LiveTtl) -> Result<Self, CacheError> {
        let lasting = |name| {
            let ttl = ttl.get(name).expect("a line of the default table");
            RegionOptions::default().ttl(ttl)
        };
        Ok(Self {
            properties: cache.region("property", lasting("property_details"))?,
            lists: cache.region("list", lasting("listings"))?,
            searches: cache.region("search", lasting("search_results"))?,
            suburbs: cache.region("suburb", lasting("aggregate_data"))?,
            trending: cache.region("trending", lasting("trending_properties"))?,
            ranking: cache.region("ranking", lasting("trending_properties"))?,
            valuations: cache.region("valuation", lasting("property_details"))?,
        })
    }
}
