#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(all(feature = "sqlite", feature = "encryption", feature = "zstd"))]
//! Codecs through a whole cache: what lies in the file, and what is read of it after the codec was changed.

use std::path::Path;

use mainstay_cache::{
    Algorithm, Cache, CodecConfig, Compression, Format, KeyRing, LayerStats, Region, RegionOptions, Stored,
};

const SECRET: &str = "owner: Ada Lovelace, 12 Bower Street";

async fn open(path: &Path, options: RegionOptions) -> (Cache, Region<u64, String>) {
    let cache = Cache::builder("houses").sqlite(path.join("cache.db")).build().await.unwrap();
    let region = cache.region("house", options).unwrap();
    (cache, region)
}

fn with(codec: CodecConfig) -> RegionOptions {
    RegionOptions::default().codec(codec)
}

/// What a reader with these options finds, and what was counted.
async fn read(path: &Path, options: RegionOptions) -> (Option<String>, LayerStats) {
    let (cache, houses) = open(path, options).await;
    let found = houses.get(&1).await.map(|value| value.to_string());
    (found, cache.stats().l3.unwrap())
}

fn lies_in(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[tokio::test]
async fn encryption_leaves_no_plain_text_in_the_file() {
    for (codec, readable) in [
        (CodecConfig::default(), true),
        (CodecConfig::default().format(Format::Json), true),
        (CodecConfig::default().encryption(KeyRing::new(1, [1; 32])), false),
        (CodecConfig::default().format(Format::Json).encryption(KeyRing::new(1, [1; 32])), false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (cache, houses) = open(folder.path(), with(codec.clone())).await;
        houses.set(&1, SECRET.to_owned()).await.unwrap();
        cache.flush().await;
        drop((cache, houses));
        assert_eq!(lies_in(folder.path(), SECRET), readable, "{codec:?}");
        let (found, stats) = read(folder.path(), with(codec)).await;
        assert_eq!((found.as_deref(), stats.hits, stats.undecodable), (Some(SECRET), 1, 0));
    }
}

#[tokio::test]
async fn a_changed_codec_reads_the_old_entries_and_a_changed_secret_or_schema_misses_them() {
    let folder = tempfile::tempdir().unwrap();
    let zstd = Compression::new(Algorithm::Zstd).above(100);
    let (old, new) = (KeyRing::new(1, [1; 32]), KeyRing::new(1, [1; 32]).and(2, [2; 32]).current(2));
    let codec = CodecConfig::default().format(Format::Json).compression(zstd).encryption(old);
    let (cache, houses) = open(folder.path(), with(codec.clone())).await;
    let value = SECRET.repeat(20);
    houses.set(&1, value.clone()).await.unwrap();
    cache.flush().await;
    drop((cache, houses));

    for changed in [
        with(codec.clone().format(Format::Postcard)),
        with(codec.clone().compression(zstd.above(1 << 20))),
        with(codec.clone().encryption(new)),
    ] {
        let (found, stats) = read(folder.path(), changed).await;
        assert_eq!((found.as_ref(), stats.undecodable), (Some(&value), 0));
    }
    let keys = KeyRing::new(2, [2; 32]);
    for (changed, why) in [
        (with(codec.clone()).schema(1), "fingerprint"),
        (with(CodecConfig::default()), "unknown_key"),
        (with(codec.clone().encryption(keys)), "unknown_key"),
        (with(codec.clone().encryption(KeyRing::new(1, [9; 32]))), "decrypt"),
    ] {
        let (found, stats) = read(folder.path(), changed).await;
        assert_eq!((found, stats.misses, stats.errors), (None, 1, 0), "{why}");
        assert_eq!(stats.undecodable_by_reason, [(why, 1)].into());
    }
}

#[tokio::test]
async fn what_was_stored_in_plain_text_is_not_believed_once_encryption_is_demanded() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, houses) = open(folder.path(), with(CodecConfig::default())).await;
    houses.set(&1, "planted".to_owned()).await.unwrap();
    cache.flush().await;
    drop((cache, houses));
    let encrypted = with(CodecConfig::default().encryption(KeyRing::new(1, [1; 32])));
    let (found, stats) = read(folder.path(), encrypted).await;
    assert_eq!((found, stats.undecodable_by_reason), (None, [("plaintext", 1)].into()));
}

#[tokio::test]
async fn an_option_out_of_range_is_refused_by_name() {
    let cache = Cache::builder("houses").build().await.unwrap();
    for (codec, field) in [
        (CodecConfig::default().max_bytes(10), "max_bytes"),
        (
            CodecConfig::default().compression(Compression::new(Algorithm::Zstd).level(20)),
            "compression.level",
        ),
        (CodecConfig::default().encryption(KeyRing::new(1, [1; 32]).current(3)), "encryption.current"),
    ] {
        let error = cache.region::<u64, u64>("house", with(codec)).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}

#[tokio::test]
async fn an_explanation_says_how_an_entry_is_stored_also_to_who_cannot_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let zstd = Compression::new(Algorithm::Zstd).above(100);
    let codec =
        CodecConfig::default().format(Format::Json).compression(zstd).encryption(KeyRing::new(7, [7; 32]));
    let (cache, houses) = open(folder.path(), with(codec).schema(3)).await;
    houses.set(&1, SECRET.repeat(20)).await.unwrap();
    houses.set(&2, "short".to_owned()).await.unwrap();
    cache.flush().await;
    let told = houses.explain(&1).await;
    let Some(Stored::Entry { schema, encoding, .. }) = told.l3 else { panic!("{told}") };
    let (format, made) = (encoding.format, (encoding.compression, encoding.key_id));
    assert_eq!((schema, format, made), (3, Format::Json, (Some("zstd"), Some(7))));
    assert!(encoding.bytes < SECRET.len() * 20, "as many as lie there: {encoding}");
    let told = houses.explain(&2).await.to_string();
    assert!(told.contains("schema 3, ") && told.contains(" bytes of JSON, encrypted with key 7"), "{told}");

    let others = CodecConfig::default().encryption(KeyRing::new(8, [8; 32]));
    let (_other, houses) = open(folder.path(), with(others).schema(3)).await;
    let told = houses.explain(&1).await.to_string();
    let why = "encrypted with a key that the ring does not hold (";
    assert!(told.contains(why) && told.contains("compressed with zstd, encrypted with key 7)"), "{told}");
}
