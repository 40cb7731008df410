#![allow(unused_imports)]

use mainstay_cache::{Cache, Region, cache_invalidate};

#[cache_invalidate]
async fn rename(id: u64) {}

#[cache_invalidate(cache = cache)]
async fn sell(cache: &Cache, id: u64) {}

#[cache_invalidate(keys(id))]
async fn buy(region: &Region<u64, u64>, id: u64) {}

#[cache_invalidate(keys(region => id), tags("listings"))]
async fn build(region: &Region<u64, u64>, id: u64) {}

fn main() {}
