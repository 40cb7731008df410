//! What comes back, what is refused, and why.

use super::values::{Index, Tree, codec, flavours, formats, header, house, tree};
#[cfg(any(feature = "zstd", feature = "lz4"))]
use crate::codec::Header;
use crate::codec::{Codec, CodecConfig, Foreign};

fn from(seed: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed)
}

fn reason<V: std::fmt::Debug>(found: Result<V, Foreign>) -> Foreign {
    found.unwrap_err()
}

#[test]
fn every_flavour_gives_back_what_it_was_given() {
    for (name, config) in flavours() {
        let codec = codec(&config);
        let mut random = from(1);
        for at in 0..40_u64 {
            let (header, key) = (header(&mut random, at), format!("k:{at}"));
            let house = house(&mut random);
            let sealed = codec.seal(&key, &header, Some(&house)).unwrap();
            assert_eq!(codec.open(at, &key, &sealed).unwrap(), (header.clone(), Some(house)), "{name}");
            assert_eq!(Codec::header(&sealed).unwrap(), header, "{name}");

            let tree = tree(&mut random, 5);
            let sealed = codec.seal(&key, &header, Some(&tree)).unwrap();
            assert_eq!(codec.open(at, &key, &sealed).unwrap(), (header.clone(), Some(tree)), "{name}");

            let index: Index = (0..at % 7).map(|n| (n.to_string(), vec![-1; n as usize])).collect();
            let sealed = codec.seal(&key, &header, Some(&index)).unwrap();
            assert_eq!(codec.open(at, &key, &sealed).unwrap(), (header.clone(), Some(index)), "{name}");

            let sealed = codec.seal::<u64>(&key, &header, None).unwrap();
            assert_eq!(codec.open::<u64>(at, &key, &sealed).unwrap(), (header, None), "{name}");
        }
    }
}

#[test]
fn what_one_flavour_wrote_another_of_the_same_encryption_reads() {
    let flavours = flavours();
    let encrypts = |name: &str| name.ends_with("encrypted");
    for (wrote, by) in &flavours {
        let (mut random, value) = (from(2), "long enough to be compressed ".repeat(9));
        let header = header(&mut random, 5);
        let sealed = codec(by).seal("k", &header, Some(&value)).unwrap();
        for (reads, to) in &flavours {
            let found = codec(to).open::<String>(5, "k", &sealed);
            let expected = match (encrypts(wrote), encrypts(reads)) {
                (true, false) => Err(Foreign::UnknownKey),
                (false, true) => Err(Foreign::Plaintext),
                _ => Ok((header.clone(), Some(value.clone()))),
            };
            assert_eq!(found, expected, "{wrote} read by {reads}");
        }
    }
}

#[test]
fn another_schema_region_or_key_is_a_miss_with_its_reason() {
    for (name, config) in flavours() {
        let codec = codec(&config);
        let sealed = codec.seal("k:1", &header(&mut from(3), 5), Some(&1_u32)).unwrap();
        assert_eq!(reason(codec.open::<u32>(6, "k:1", &sealed)), Foreign::Fingerprint, "{name}");
        assert_eq!(reason(codec.open::<u32>(5, "k:2", &sealed)), Foreign::Checksum, "{name}");
        assert_eq!(reason(codec.open::<u32>(5, "k:1", &sealed[..20])), Foreign::Truncated, "{name}");
        assert_eq!(reason(codec.open::<u32>(5, "k:1", b"+OK\r\n")), Foreign::NotOurs, "{name}");
        assert_eq!(reason(codec.open::<u32>(5, "k:1", &[0; 200])), Foreign::NotOurs, "{name}");
        let mut older = sealed;
        older[2] = 1;
        assert_eq!(reason(codec.open::<u32>(5, "k:1", &older)), Foreign::Format, "{name}");
    }
}

#[test]
fn a_value_of_another_type_or_with_bytes_after_it_does_not_decode() {
    for format in formats() {
        let mut bytes = format.encode(&house(&mut from(4))).unwrap();
        assert_eq!(reason(format.decode::<Tree>(&bytes)), Foreign::Payload, "{format:?}");
        bytes.push(0);
        assert_eq!(reason(format.decode::<super::values::House>(&bytes)), Foreign::Payload, "{format:?}");
    }
}

#[test]
fn floats_come_back_to_the_last_bit() {
    let mut random = from(5);
    for format in formats() {
        for _ in 0..20_000 {
            let float = f64::from_bits(random.u64(..));
            if float.is_finite() {
                let back: f64 = format.decode(&format.encode(&float).unwrap()).unwrap();
                assert_eq!(back.to_bits(), float.to_bits(), "{format:?} {float}");
            }
        }
    }
}

#[test]
fn a_value_beyond_the_limit_is_neither_written_nor_believed() {
    let (large, small) = (codec(&CodecConfig::default()), codec(&CodecConfig::default().max_bytes(1_024)));
    let (header, value) = (header(&mut from(6), 5), "x".repeat(2_000));
    assert_eq!(small.seal("k", &header, Some(&value)).unwrap_err(), "it takes 2002 bytes, max_bytes is 1024");
    let sealed = large.seal("k", &header, Some(&value)).unwrap();
    assert_eq!(reason(small.open::<String>(5, "k", &sealed)), Foreign::TooLarge);
}

#[cfg(any(feature = "zstd", feature = "lz4"))]
#[test]
fn only_what_gets_smaller_is_compressed_and_only_above_the_length() {
    for (name, config) in flavours() {
        let Some(compression) = config.compression else { continue };
        let config = config.compression(compression.above(1_000));
        let plain = CodecConfig { compression: None, ..config.clone() };
        let sizes = |value: &str| {
            let size = |config| codec(config).seal("k", &Header::default(), Some(&value)).unwrap().len();
            (size(&config), size(&plain))
        };
        let (small, whole) = sizes(&"ab".repeat(1_000));
        assert!(small < whole / 2, "{name}: {small} of {whole}");
        let (same, whole) = sizes(&"ab".repeat(400));
        assert_eq!(same, whole, "{name}: below the length");
        let mut random = from(7);
        let noise: String = (0..1_200).map(|_| random.char('\u{10000}'..'\u{10ffff}')).collect();
        let (same, whole) = sizes(&noise);
        assert!(same <= whole, "{name}: never longer");
    }
}

#[cfg(all(feature = "config", feature = "zstd"))]
#[test]
fn a_codec_is_data() {
    use crate::codec::{Algorithm, Compression, Format};

    let read = |text: &str| serde_json::from_str::<CodecConfig>(text);
    assert_eq!(read("{}").unwrap(), CodecConfig::default());
    let text = r#"{"format": "json", "compression": {"algorithm": "zstd", "level": 7}, "max_bytes": 4096}"#;
    let zstd = Compression::new(Algorithm::Zstd).level(7);
    let expected = CodecConfig::default().format(Format::Json).compression(zstd).max_bytes(4_096);
    assert_eq!(read(text).unwrap(), expected);
    assert_eq!(read(&serde_json::to_string(&expected).unwrap()).unwrap(), expected);
    assert!(read(r#"{"formt": "json"}"#).is_err());
    assert!(read(r#"{"compression": {"algorithm": "zstd", "abve": 7}}"#).is_err());
}

#[cfg(feature = "encryption")]
mod encryption {
    use super::{Foreign, from, header, reason};
    use crate::codec::header::{EPOCH_AT, STAMPED_TO, close, stamp};
    use crate::codec::tests::values::codec;
    use crate::codec::{Codec, CodecConfig, KeyRing};

    const SECRET: &str = "a secret that is long enough to be found again";

    fn with(keys: KeyRing) -> Codec {
        codec(&CodecConfig::default().encryption(keys))
    }

    fn sealed(codec: &Codec, key: &str) -> Vec<u8> {
        codec.seal(key, &header(&mut from(1), 5), Some(&SECRET)).unwrap()
    }

    fn rechecked(mut bytes: Vec<u8>, key: &str) -> Vec<u8> {
        bytes.truncate(bytes.len() - 8);
        close(&mut bytes, key);
        bytes
    }

    #[test]
    fn nothing_of_the_value_is_in_the_bytes_and_no_two_entries_are_alike() {
        let codec = with(KeyRing::new(1, [1; 32]));
        let (one, two) = (sealed(&codec, "k"), sealed(&codec, "k"));
        assert!(!one.windows(4).any(|four| SECRET.as_bytes().windows(4).any(|part| part == four)));
        assert_ne!(one, two, "each has its own nonce");
    }

    #[test]
    fn a_forged_header_or_a_move_to_another_key_does_not_decrypt() {
        let codec = with(KeyRing::new(1, [1; 32]));
        let original = sealed(&codec, "k:1");
        let moved = rechecked(original.clone(), "k:2");
        assert_eq!(reason(codec.open::<String>(5, "k:2", &moved)), Foreign::Decrypt);
        for at in 4..original.len() - 8 {
            let mut forged = original.clone();
            forged[at] ^= 1;
            let found = codec.open::<String>(5, "k:1", &rechecked(forged, "k:1"));
            if (EPOCH_AT..STAMPED_TO).contains(&at) {
                assert_eq!(found.unwrap().1.as_deref(), Some(SECRET), "byte {at} is the clock keeper's");
            } else {
                assert!(found.is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn a_layer_may_stamp_what_is_encrypted() {
        let codec = with(KeyRing::new(1, [1; 32]));
        let mut bytes = sealed(&codec, "k");
        stamp(&mut bytes, 77, 88);
        let (header, value) = codec.open::<String>(5, "k", &bytes).unwrap();
        assert_eq!((header.epoch, header.born, value.as_deref()), (77, 88, Some(SECRET)));
    }

    #[test]
    fn a_remembered_absence_cannot_be_forged_either() {
        let keys = KeyRing::new(1, [1; 32]);
        let (codec, other) = (with(keys), with(KeyRing::new(1, [2; 32])));
        let absent = other.seal::<String>("k", &header(&mut from(1), 5), None).unwrap();
        assert_eq!(reason(codec.open::<String>(5, "k", &absent)), Foreign::Decrypt);
    }

    #[test]
    fn keys_rotate_without_a_node_that_reads_wrongly() {
        let (old, new) = ([1; 32], [2; 32]);
        let before = with(KeyRing::new(1, old));
        let during = with(KeyRing::new(1, old).and(2, new));
        let turned = with(KeyRing::new(1, old).and(2, new).current(2));
        let after = with(KeyRing::new(2, new));
        let (by_old, by_new) = (sealed(&before, "k"), sealed(&turned, "k"));

        for reader in [&before, &during, &turned] {
            assert!(reader.open::<String>(5, "k", &by_old).is_ok());
        }
        for reader in [&during, &turned, &after] {
            assert!(reader.open::<String>(5, "k", &by_new).is_ok());
        }
        assert_eq!(reason(before.open::<String>(5, "k", &by_new)), Foreign::UnknownKey, "a miss");
        assert_eq!(reason(after.open::<String>(5, "k", &by_old)), Foreign::UnknownKey, "a miss");
        assert!(
            sealed(&during, "k").windows(4).any(|four| four == 1_u32.to_be_bytes()),
            "still writes the old"
        );
    }

    #[test]
    fn a_current_key_outside_the_ring_is_refused_by_name() {
        let config = CodecConfig::default().encryption(KeyRing::new(1, [1; 32]).current(2));
        let error = config.validate().unwrap_err();
        assert_eq!((error.field, error.value.as_str()), ("encryption.current", "2"));
    }

    #[test]
    fn secrets_are_in_no_debug_text() {
        let config = CodecConfig::default().encryption(KeyRing::new(1, [0xab; 32]).and(9, [0xcd; 32]));
        for text in [format!("{config:?}"), format!("{config:#?}"), format!("{:?}", codec(&config))] {
            assert!(
                !text.contains("171") && !text.contains("205") && !text.to_lowercase().contains("abab"),
                "{text}"
            );
        }
        assert!(format!("{config:?}").contains("KeyRing { current: 1, ids: [1, 9] }"));
    }

    #[cfg(feature = "config")]
    #[test]
    fn a_ring_is_read_from_a_file_and_never_written_to_one() {
        let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
        let text =
            format!(r#"{{"encryption": {{"current": 3, "keys": [{{"id": 3, "secret": "{secret}"}}]}}}}"#);
        let read: CodecConfig = serde_json::from_str(&text).unwrap();
        let expected = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(read, CodecConfig::default().encryption(KeyRing::new(3, expected)));

        let written = serde_json::to_string(&read).unwrap();
        assert!(!written.to_lowercase().contains("0a0b"), "{written}");
        // A configuration written out and read back must not end without encryption.
        assert!(serde_json::from_str::<CodecConfig>(&written).is_err());

        for (wrong, says) in [("zz", "64 hexadecimal digits"), (&"zz".repeat(32), "only hexadecimal digits")]
        {
            let error =
                serde_json::from_str::<CodecConfig>(&text.replace(secret, wrong)).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("zz"), "{error}");
        }
        let twice = text.replace("[{", &format!(r#"[{{"id": 3, "secret": "{secret}"}}, {{"#));
        assert!(
            serde_json::from_str::<CodecConfig>(&twice)
                .unwrap_err()
                .to_string()
                .contains("two keys have the id 3")
        );
    }
}
