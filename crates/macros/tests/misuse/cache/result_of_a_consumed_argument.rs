use mainstay_cache::{Cache, cache_invalidate};

// `clone(name)` is missing.
#[cache_invalidate(tags(format!("{name}:{result}")), cache = cache)]
async fn rename(cache: &Cache, name: String) -> u64 {
    drop(name);
    7
}

fn main() {}
