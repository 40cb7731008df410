#![allow(clippy::unwrap_used, missing_docs)]
//! Hot keys: counted, saved, read again whatever became of the file.

use std::path::Path;

use mainstay_cache::CacheKeyBuilder;
use mainstay_cache::warm::{Checkpoint, FileError, HotKey, Manifest, Popularity, PopularityConfig};
use proptest::prelude::*;

fn hot(key: &str, weight: f64) -> HotKey {
    HotKey::new("property", key, weight)
}

#[test]
fn a_manifest_comes_back_as_it_was_saved_heaviest_first_each_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hot.keys");
    assert!(Manifest::load(&path, "houses").unwrap().is_empty(), "no file is an empty manifest");
    let keys = [hot("property:1", 2.0), hot("property:2", 9.5), hot("property:1", 7.0), hot("nan", f64::NAN)];
    let other = HotKey::new("suburb", "suburb:nsw:North%20Sydney", 5.0);
    let manifest = Manifest::of("houses", keys.into_iter().chain([other.clone()]));
    manifest.save(&path).unwrap();
    manifest.save(&path).unwrap();
    let read = Manifest::load(&path, "houses").unwrap();
    assert_eq!(read, manifest);
    let order: Vec<_> = read.iter().map(|hot| (hot.key.as_str(), hot.weight)).collect();
    assert_eq!(order, [("property:2", 9.5), ("property:1", 7.0), (other.key.as_str(), 5.0)]);
    assert_eq!(read.region("property").filter_map(HotKey::parse::<u64>).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(read.region("suburb").next().unwrap().components(), ["nsw", "North Sydney"]);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["hot.keys"], "no temporary file stays");
}

#[test]
fn a_manifest_is_bounded_in_keys_and_in_bytes() {
    let many = (0..Manifest::MOST_KEYS + 5).map(|n| hot(&format!("property:{n}"), n as f64));
    let manifest = Manifest::of("houses", many);
    assert_eq!(manifest.len(), Manifest::MOST_KEYS);
    assert!(manifest.iter().all(|hot| hot.weight >= 5.0), "the lightest go");
    let long = (0..100).map(|n| hot(&format!("property:{n}{}", "x".repeat(1 << 20)), f64::from(n)));
    let manifest = Manifest::of("houses", long);
    assert_eq!(manifest.len(), 11);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hot.keys");
    manifest.save(&path).unwrap();
    assert_eq!(Manifest::load(&path, "houses").unwrap().len(), 11);
    assert!(std::fs::metadata(&path).unwrap().len() < 16 << 20);
}

#[test]
fn foreign_and_damaged_files_are_told_apart_and_none_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hot.keys");
    let saved = || {
        Manifest::of("houses", [hot("property:1", 1.0)]).save(&path).unwrap();
        std::fs::read(&path).unwrap()
    };
    let load = || Manifest::load(&path, "houses");
    saved();
    let told = Manifest::load(&path, "shops").unwrap_err().to_string();
    assert!(told.contains("`houses`") && told.contains("`shops`"), "{told}");

    std::fs::write(&path, "[database]\nurl = 'x'").unwrap();
    assert!(matches!(load(), Err(FileError::Foreign { .. })));
    std::fs::write(&path, "").unwrap();
    assert!(matches!(load(), Err(FileError::Damaged { .. })));
    Checkpoint::default().save(&path).unwrap();
    assert!(matches!(load(), Err(FileError::Foreign { .. })), "a checkpoint is no manifest");
    let mut newer = saved();
    newer[5] = 9;
    std::fs::write(&path, newer).unwrap();
    assert!(load().unwrap_err().to_string().contains("version 9"));
    std::fs::File::create(&path).unwrap().set_len(17 << 20).unwrap();
    assert!(matches!(load(), Err(FileError::TooLarge { bytes, .. }) if bytes == 17 << 20));

    let whole = saved();
    for at in 0..whole.len() {
        std::fs::write(&path, &whole[..at]).unwrap();
        assert!(load().is_err(), "cut off at {at}");
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, changed).unwrap();
        assert!(load().is_err(), "changed at {at}");
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(load(), Err(FileError::Io { doing: "read", .. })));
    let refused = Manifest::of("houses", []).save(&path);
    assert!(matches!(refused, Err(FileError::Io { doing: "written", .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a refused write leaves nothing behind");
}

#[test]
fn a_save_that_fails_leaves_the_old_file() {
    let nowhere = Path::new("/nonexistent folder/hot.keys");
    let told = Manifest::of("houses", []).save(nowhere).unwrap_err().to_string();
    assert!(told.starts_with("/nonexistent folder/hot.keys cannot be written"), "{told}");
}

proptest! {
    #[test]
    fn components_come_back_as_they_went_in(parts in prop::collection::vec(".*", 1..4)) {
        let mut key = CacheKeyBuilder::new("region");
        for part in &parts {
            key = key.component(part.as_str());
        }
        let hot = HotKey::new("region", key.build().as_str(), 1.0);
        // Keys are canonical: text comes back in its composed form.
        use unicode_normalization::UnicodeNormalization;
        let composed: Vec<String> = parts.iter().map(|part| part.nfc().collect()).collect();
        prop_assert_eq!(hot.components(), composed);
        let whole = hot.key();
        prop_assert_eq!(whole.as_str(), &hot.key);
    }

    #[test]
    fn any_text_is_a_key_without_a_panic(region in ".*", key in ".*") {
        let _ = HotKey::new(region, key, 1.0).components();
    }
}

#[test]
fn the_most_read_survive_a_flood_of_keys_read_once_in_bounded_memory() {
    let capacity = 100;
    let config = PopularityConfig::default().capacity(capacity).sample_one_in(1);
    let popularity = Popularity::new(config).unwrap();
    for round in 0..2_000_u64 {
        for favourite in 0..5_u64 {
            // Each is one in twelve reads.
            popularity.touch("home", &favourite);
        }
        for once in 0..55 {
            popularity.touch("home", &(1_000 + round * 55 + once));
        }
        assert!(popularity.hottest(usize::MAX).len() <= 2 * capacity);
    }
    let mut top: Vec<u64> = popularity.hottest(5).iter().map(|hot| hot.parse().unwrap()).collect();
    top.sort_unstable();
    assert_eq!(top, [0, 1, 2, 3, 4]);
}

#[test]
fn yesterdays_favourite_gives_way_to_todays() {
    let popularity = Popularity::new(PopularityConfig::default().capacity(10).sample_one_in(1)).unwrap();
    for _ in 0..10_000 {
        popularity.touch("home", "yesterday");
    }
    for _ in 0..1_000 {
        popularity.touch("home", "today");
    }
    assert_eq!(popularity.hottest(1)[0].key, "home:today");
}

#[test]
fn a_sample_estimates_the_reads() {
    fastrand::seed(7);
    // Two that look on at the same reads, each with a rate of its own, on the same thread.
    let base = PopularityConfig::default().capacity(10_000);
    let of_rate = |rate| Popularity::new(base.clone().sample_one_in(rate)).unwrap();
    let (one, other) = (of_rate(64), of_rate(7));
    for n in 0..320_000_u32 {
        one.touch("home", &(n % 10));
        other.touch("home", &(n % 10));
    }
    // 32,000 reads of each; seed 7. Of a key the first has about 500 samples, the other 4,571.
    for (popularity, off) in [(one, 4_000.0), (other, 1_500.0)] {
        let hottest = popularity.hottest(11);
        assert_eq!(hottest.len(), 10);
        assert!(hottest.iter().all(|hot| (hot.weight - 32_000.0).abs() < off), "{hottest:?}");
    }
}

#[test]
fn threads_that_read_little_are_in_the_sample_too() {
    fastrand::seed(7);
    let popularity = Popularity::new(PopularityConfig::default().sample_one_in(16)).unwrap();
    for thread in 0..500 {
        let popularity = &popularity;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                fastrand::seed(thread);
                (0..4).for_each(|_| popularity.touch("home", "x"));
            });
        });
    }
    // 2,000 reads.
    let weight = popularity.hottest(1)[0].weight;
    assert!((1_500.0..2_500.0).contains(&weight), "{weight}");
}

#[test]
fn whole_keys_are_counted_as_they_stand_and_settings_are_checked() {
    let popularity = Popularity::new(PopularityConfig::default().sample_one_in(1)).unwrap();
    popularity.touch("search", &CacheKeyBuilder::property("12"));
    assert_eq!(popularity.hottest(9), [HotKey::new("search", "property:12", 1.0)]);
    let base = PopularityConfig::default;
    assert_eq!(Popularity::new(base().capacity(0)).unwrap_err().field, "capacity");
    assert_eq!(Popularity::new(base().sample_one_in(0)).unwrap_err().field, "sample_one_in");
}
