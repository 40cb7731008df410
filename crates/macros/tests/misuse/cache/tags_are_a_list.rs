#![allow(unused_imports)]

use mainstay_cache::{Region, cacheable};

#[cacheable(region = region, key = id, tags = "listings")]
async fn listing(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

fn main() {}
