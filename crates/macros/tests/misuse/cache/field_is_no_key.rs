use mainstay_cache::CacheKey;

#[derive(CacheKey)]
struct Point {
    x: f64,
}

fn main() {}
