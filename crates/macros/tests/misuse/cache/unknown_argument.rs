#![allow(unused_imports)]

use mainstay_cache::{Region, cache_invalidate, cacheable};

#[cacheable(region = region, tttl = "5m")]
async fn listing(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

#[cache_invalidate(key(region => id))]
async fn rename(region: &Region<u64, u64>, id: u64) {}

#[cacheable(region = region, key = id, key = 3)]
async fn keyed(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

fn main() {}
