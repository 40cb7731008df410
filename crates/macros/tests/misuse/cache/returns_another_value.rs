use mainstay_cache::{Region, cacheable};

#[cacheable(region = region, key = id)]
async fn listing(region: &Region<u64, String>, id: u64) -> Result<u64, std::io::Error> {
    Ok(id)
}

fn main() {}
