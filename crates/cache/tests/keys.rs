#![allow(clippy::unwrap_used, missing_docs)]
//! Keys and times to live: what they look like is what other processes and files rely on.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use mainstay_cache::{Cache, CacheKeyBuilder, RegionOptions, TtlTable};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_keys_are_golden() {
    let filters =
        json!({"suburb": "Manly", "beds": 3, "price": {"max": 2.5e6, "min": null}, "tags": ["pool", true]});
    let keys = [
        CacheKeyBuilder::property("123"),
        CacheKeyBuilder::property_list(&filters, 1, 20),
        CacheKeyBuilder::search_results("3 beds by the sea", "user:7", 1),
        CacheKeyBuilder::aggregate("suburbs", &filters),
        CacheKeyBuilder::new("report").component(2026_u32).component(("a b", "c:d")).build(),
    ];
    let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
    assert_eq!(text, include_str!("keys.golden"));
}

#[test]
fn the_forms_that_mean_the_same_are_the_same_key() {
    let one: HashMap<&str, f64> = [("a", 1.0), ("b", -0.0), ("caf\u{e9}", 2.5)].into();
    let other: BTreeMap<&str, Value> = [("b", json!(0)), ("cafe\u{301}", json!(2.5)), ("a", json!(1))].into();
    assert_eq!(CacheKeyBuilder::aggregate("x", &one), CacheKeyBuilder::aggregate("x", &other));
    assert_eq!(CacheKeyBuilder::property("cafe\u{301}"), CacheKeyBuilder::property("caf\u{e9}"));
    for (a, b) in [
        (json!(1), json!("1")),
        (json!([]), json!({})),
        (json!([1, 2]), json!([12])),
        (json!(["a", "b"]), json!(["ab"])),
        (json!(null), json!(false)),
        (json!({"a": 1}), json!({"a": 2})),
        (json!(["a\"1:b"]), json!(["a", "b"])),
        (json!(1.5), json!(1.25)),
        (json!(u64::MAX), json!(u64::MAX - 1)),
    ] {
        assert_ne!(CacheKeyBuilder::aggregate("x", &a), CacheKeyBuilder::aggregate("x", &b), "{a} and {b}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-c]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// JSON's own equality, after whole floats became integers, is the reference for "the same".
    #[test]
    fn equal_hashes_mean_equal_values(a in any_json(), b in any_json()) {
        fn plain(value: &Value) -> Value {
            match value {
                Value::Number(n) if n.as_f64().is_some_and(|f| f.fract() == 0.0) => json!(n.as_f64().unwrap() + 0.0),
                Value::String(s) => json!(unicode_normalization::UnicodeNormalization::nfc(s.as_str()).collect::<String>()),
                Value::Array(items) => items.iter().map(plain).collect(),
                Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), plain(v))).collect::<serde_json::Map<_, _>>().into(),
                other => other.clone(),
            }
        }
        let same = CacheKeyBuilder::aggregate("x", &a) == CacheKeyBuilder::aggregate("x", &b);
        prop_assert_eq!(same, plain(&a) == plain(&b));
    }

    #[test]
    fn another_form_of_a_value_is_the_same_key(value in any_json()) {
        fn other_form(value: &Value) -> Value {
            match value {
                Value::Number(n) => json!(n.as_f64().unwrap()),
                Value::String(s) => json!(unicode_normalization::UnicodeNormalization::nfd(s.as_str()).collect::<String>()),
                Value::Array(items) => items.iter().map(other_form).collect(),
                Value::Object(map) => map.iter().rev().map(|(k, v)| (k.clone(), other_form(v))).collect::<serde_json::Map<_, _>>().into(),
                other => other.clone(),
            }
        }
        prop_assert_eq!(CacheKeyBuilder::aggregate("x", &value), CacheKeyBuilder::aggregate("x", &other_form(&value)));
    }

    /// redis-rs/redis-rs#2493: client-side caching forgot where one argument ended, and took one call's answer for another's.
    #[test]
    fn keys_of_other_parts_are_other_keys(
        one in prop::collection::vec("[ab:%~*]{0,3}", 1..4),
        other in prop::collection::vec("[ab:%~*]{0,3}", 1..4),
    ) {
        let key = |parts: &[String]| {
            parts.iter().fold(CacheKeyBuilder::new("x"), |key, part| key.component(part.as_str())).build()
        };
        prop_assert_eq!(key(&one) == key(&other), one == other);
        // The same letters, parted elsewhere.
        let joined = one.concat();
        for at in 0..=joined.len() {
            let parted = [joined[..at].to_owned(), joined[at..].to_owned()];
            prop_assert_eq!(key(&one) == key(&parted), one == parted);
        }
    }

    #[test]
    fn text_forges_neither_separator_nor_glob(text in "\\PC{0,20}|[:*?\\[\\]%\\\\{} \n]{0,8}") {
        let key = CacheKeyBuilder::new("search").component(text.as_str()).component("end").build();
        prop_assert_eq!(key.as_str().matches(':').count(), 2, "{}", key);
        prop_assert!(!key.as_str().contains(['*', '?', '[', ']', '\\', '{', '}', ' ', '\n']), "{}", key);
    }
}

#[tokio::test]
async fn a_built_key_stands_as_it_is_and_others_follow_their_region() {
    let cache = Cache::builder("keys").build().await.unwrap();
    let by_id = cache.region::<u64, u8>("property", RegionOptions::default()).unwrap();
    let built = cache.region::<mainstay_cache::Key, u8>("any", RegionOptions::default()).unwrap();
    by_id.set(&123, 1).await.unwrap();
    assert!(
        built.get_cached(&CacheKeyBuilder::property("123")).is_none(),
        "another region's value is never read"
    );
    built.set(&CacheKeyBuilder::property("9"), 2).await.unwrap();
    let _ = cache.invalidate_pattern("property:*").await;
    assert!(by_id.get_cached(&123).is_none());
    assert!(built.get_cached(&CacheKeyBuilder::property("9")).is_none());
}

#[test]
fn the_ttl_table_is_golden() {
    let table: Vec<String> =
        TtlTable::default().iter().map(|(name, ttl)| format!("{name} {}", ttl.as_secs())).collect();
    assert_eq!(
        table,
        [
            "aggregate_data 3600",
            "listings 3600",
            "popular_suburbs 600",
            "price_history_long 86400",
            "property_details 3600",
            "search_results 300",
            "static_data 86400",
            "trending_properties 300",
            "user_alerts 1800",
        ]
    );
}

#[test]
fn a_ttl_is_overridden_and_checked() {
    let table = TtlTable::default().with("listings", Duration::from_secs(5));
    assert_eq!(table.get("listings"), Some(Duration::from_secs(5)));
    assert_eq!(table.get("unheard_of"), None);
    assert!(table.validate().is_ok());
    let error = table.with("listings", Duration::ZERO).validate().unwrap_err();
    assert_eq!(error.to_string(), "ttl is 0ns for `listings`, allowed is 1 ms to 365 days");
}

#[cfg(feature = "config")]
#[test]
fn configs_are_data() {
    use mainstay_cache::{MemoryConfig, MemoryKind, RedisConfig};

    let table: TtlTable = serde_json::from_value(json!({"listings": "2m", "mine": "1h"})).unwrap();
    assert_eq!(table.get("listings"), Some(Duration::from_secs(120)));
    assert_eq!(table.get("mine"), Some(Duration::from_secs(3_600)));
    assert_eq!(table.get("static_data"), Some(Duration::from_secs(86_400)));
    let memory: MemoryConfig = serde_json::from_value(json!({"capacity": 5, "kind": "moka"})).unwrap();
    assert_eq!(memory, MemoryConfig::default().capacity(5).kind(MemoryKind::Moka));
    assert!(serde_json::from_value::<MemoryConfig>(json!({"capacty": 5})).is_err());
    let redis: RedisConfig = serde_json::from_value(json!({"command_timeout": "50ms"})).unwrap();
    assert_eq!(redis, RedisConfig::default().command_timeout(Duration::from_millis(50)));
    let region: RegionOptions = serde_json::from_value(json!({"ttl": "1h", "schema": 3})).unwrap();
    assert_eq!(region, RegionOptions::default().ttl(Duration::from_secs(3_600)).schema(3));
    let back: TtlTable = serde_json::from_value(serde_json::to_value(&table).unwrap()).unwrap();
    assert_eq!(back, table);
}
