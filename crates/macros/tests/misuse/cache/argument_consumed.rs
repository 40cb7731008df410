use mainstay_cache::{Region, cacheable};

struct Listings {
    by_name: Region<str, String>,
}

impl Listings {
    // `clone(name)` is missing.
    #[cacheable(region = self.by_name)]
    async fn listing(&self, name: String) -> String {
        let name = name;
        name
    }

    // `clone(suburb)` is missing.
    #[cacheable(region = self.by_name, key = "all", tags = [suburb])]
    async fn all(&self, suburb: String) -> String {
        let suburb = suburb;
        suburb
    }
}

fn main() {}
