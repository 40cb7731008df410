#![allow(unused_imports)]

use mainstay_cache::{Region, cacheable};

#[cacheable(region = region, key = id)]
async fn listing(region: &Region<u64, u64>, id: u64) {
    println!("{id}");
}

fn main() {}
