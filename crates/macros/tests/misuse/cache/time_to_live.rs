#![allow(unused_imports)]

use mainstay_cache::{Region, cacheable};

#[cacheable(region = region, key = id, ttl = "5 fortnights")]
async fn unit(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

#[cacheable(region = region, key = id, ttl = "300")]
async fn no_unit(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

#[cacheable(region = region, key = id, ttl = 300)]
async fn number(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

#[cacheable(region = region, key = id, ttl = "0s")]
async fn nothing(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

#[cacheable(region = region, key = id, errors = "2years")]
async fn too_long(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

fn main() {}
