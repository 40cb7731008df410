#![allow(unused_imports)]

use mainstay_cache::{Region, cacheable};

static REGION: std::sync::OnceLock<Region<str, u64>> = std::sync::OnceLock::new();

#[cacheable(region = REGION.get().unwrap())]
async fn count() -> u64 {
    7
}

#[cacheable(region = REGION.get().unwrap())]
async fn sum((a, b): (u64, u64)) -> u64 {
    a + b
}

#[cacheable(region = REGION.get().unwrap())]
async fn many(a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
    a + b + c + d + e
}

fn main() {}
