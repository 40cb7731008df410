use mainstay_cache::{Region, cacheable};

const FIVE_MINUTES: u64 = 300;

#[cacheable(region = region, key = id, ttl = FIVE_MINUTES)]
async fn listing(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

fn main() {}
