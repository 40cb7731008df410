use mainstay_cache::{Region, cacheable};

struct Listings {
    by_id: Region<u64, String>,
}

impl Listings {
    #[cacheable(region = self.by_id)]
    async fn listing(&self, name: &str) -> String {
        name.to_owned()
    }
}

fn main() {}
