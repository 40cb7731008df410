use mainstay_cache::{Cache, Region, cache_invalidate, cacheable};

#[cacheable(region = region, key = id, tags = ["listings", id])]
async fn listing(region: &Region<u64, u64>, id: u64) -> u64 {
    id
}

#[cache_invalidate(tags(id), cache = cache)]
async fn rename(cache: &Cache, id: u64) {}

fn main() {}
