use mainstay_cache::cacheable;

#[cacheable]
async fn listing(id: u64) -> u64 {
    id
}

#[cacheable(ttl = "5m")]
async fn page(id: u64) -> u64 {
    id
}

fn main() {}
