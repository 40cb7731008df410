#![allow(unused_imports)]

use mainstay_cache::{Region, cache_invalidate, cacheable};

#[cacheable(region = region, key = id)]
fn listing(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

#[cache_invalidate(keys(region => id))]
const fn rename(region: &Region<u64, u64>, id: u64) {}

fn main() {}
