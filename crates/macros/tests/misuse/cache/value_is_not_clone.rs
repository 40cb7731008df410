use mainstay_cache::{Region, cacheable};

#[derive(serde::Serialize, serde::Deserialize)]
struct Listing;

#[cacheable(region = region, key = id)]
async fn listing(region: &Region<u64, Listing>, id: u64) -> Result<Listing, std::io::Error> {
    let _ = id;
    Ok(Listing)
}

fn main() {}
