#![allow(missing_docs, clippy::unwrap_used)]
//! Keys by `#[derive(CacheKey)]`: their text is what other processes rely on.

use mainstay_cache::{Cache, CacheKey, CacheKeyBuilder, RegionOptions};
use std::{collections::HashSet, marker::PhantomData};

fn text(key: impl CacheKey) -> String {
    let text = CacheKeyBuilder::new("k").component(key).build().to_string();
    text.strip_prefix("k:").unwrap().to_owned()
}

#[derive(CacheKey)]
struct Id(u64);

#[derive(CacheKey)]
struct Page<'a> {
    suburb: &'a str,
    number: u32,
    #[cache_key(skip)]
    _asked_by: Vec<u8>,
    by: Order,
}

#[derive(CacheKey, Clone, Copy)]
enum Order {
    ByPrice,
    HTTPFirst,
    #[allow(non_camel_case_types)]
    r#type,
}

#[derive(CacheKey)]
struct Pair(String, #[cache_key(skip)] (), i8);

#[derive(CacheKey)]
struct AllListings;

#[derive(CacheKey)]
struct Nothing {}

#[derive(CacheKey)]
enum Report {
    Top(),
    Of(Id, Order),
    Between { from: u16, to: u16 },
    Hidden(#[cache_key(skip)] ()),
}

#[test]
fn fields_are_components_in_their_order() {
    assert_eq!(text(Id(12)), "12");
    let page = |number| Page { suburb: "Dee: Why", number, _asked_by: vec![1], by: Order::ByPrice };
    assert_eq!(text(page(2)), "Dee%3A%20Why:2:by_price");
    assert_eq!(text(Pair("a".into(), (), -3)), "a:-3");
    assert_eq!(text(AllListings), "all_listings");
    assert_eq!(text(Nothing {}), "nothing");
}

#[test]
fn a_variant_is_told_by_its_name() {
    assert_eq!(
        [Order::ByPrice, Order::HTTPFirst, Order::r#type].map(text),
        ["by_price", "http_first", "type"]
    );
    assert_eq!(text(Report::Top()), "top");
    assert_eq!(text(Report::Of(Id(1), Order::ByPrice)), "of:1:by_price");
    assert_eq!(text(Report::Between { from: 1, to: 2 }), "between:1:2");
    assert_eq!(text(Report::Hidden(())), "hidden");
}

#[derive(CacheKey)]
enum Either<A, B: ?Sized + Sync, const N: usize = 0>
where
    A: Clone,
{
    Left(A),
    Both {
        left: A,
        right: (u8, A),
    },
    #[allow(dead_code)]
    Never(#[cache_key(skip)] PhantomData<fn(&B)>),
}

#[test]
fn parameters_are_asked_only_what_the_fields_need() {
    assert_eq!(text(Either::<u8, dyn Sync>::Left(1)), "left:1");
    assert_eq!(text(Either::<&str, [f32], 7>::Both { left: "a", right: (1, "b") }), "both:a:1:b");
}

/// Different values of one type are different keys, wherever text could pretend to be structure.
#[test]
fn no_two_keys_of_a_type_meet() {
    #[derive(CacheKey)]
    enum Nested {
        A,
        B(&'static str),
        AB(&'static str, Box2),
    }
    #[derive(CacheKey)]
    struct Box2(&'static str, &'static str);
    let texts = ["", "a", "b", "a:b", "a_b", ":", "b:a"];
    let mut keys = vec![text(Nested::A)];
    for one in texts {
        keys.push(text(Nested::B(one)));
        for two in texts {
            keys.extend(texts.map(|three| text(Nested::AB(one, Box2(two, three)))));
        }
    }
    let distinct: HashSet<&String> = keys.iter().collect();
    assert_eq!(distinct.len(), 1 + 7 + 7 * 7 * 7);
}

#[tokio::test]
async fn a_derived_key_opens_a_region() {
    let cache = Cache::builder("keys").build().await.unwrap();
    let pages = cache.region::<Page<'static>, u8>("page", RegionOptions::default()).unwrap();
    let key = |asker| Page { suburb: "Manly", number: 1, _asked_by: vec![asker], by: Order::ByPrice };
    pages.set(&key(1), 7).await.unwrap();
    assert_eq!(pages.get_cached(&key(2)).as_deref(), Some(&7), "who asked is skipped");
    let _ = cache.invalidate_pattern("page:Manly:*").await;
    assert_eq!(pages.get_cached(&key(1)), None);
}

mod elsewhere {
    pub mod inner {
        pub use mainstay_cache as house;
    }
}

#[derive(elsewhere::inner::house::CacheKey)]
#[cache_key(crate = elsewhere::inner::house)]
struct Other(u8);

#[test]
fn the_crate_may_have_another_name() {
    assert_eq!(text(Other(1)), "1");
}
