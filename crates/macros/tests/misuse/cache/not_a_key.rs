#![allow(unused_imports)]

use mainstay_cache::CacheKey;

#[derive(CacheKey)]
union Either {
    a: u64,
    b: i64,
}

#[derive(CacheKey)]
struct Skipped {
    #[cache_key(skip)]
    asked_by: u64,
}

#[derive(CacheKey)]
enum Meeting {
    TopTen,
    Top_Ten,
}

#[derive(CacheKey)]
struct Unknown(#[cache_key(ignore)] u64);

#[derive(CacheKey)]
#[cache_key(skip)]
struct Whole(u64);

#[derive(CacheKey)]
enum Variants {
    #[cache_key(skip)]
    A,
}

fn main() {}
