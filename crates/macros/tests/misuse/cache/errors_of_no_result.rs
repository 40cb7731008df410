use mainstay_cache::{Region, cacheable};

#[cacheable(region = region, key = id, errors = "10s")]
async fn listing(region: &Region<u64, u64>, id: u64) -> Result<u64, std::io::Error> {
    Ok(id)
}

fn main() {}
