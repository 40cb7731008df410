//! Entries as they were written once, on any platform and by any version of the libraries below.

use super::values::{House, State, codec};
use crate::codec::{Codec, CodecConfig, Format, Header};

fn header() -> Header {
    Header {
        fingerprint: 0x0102_0304_0506_0708,
        epoch: 0x1112_1314_1516_1718,
        born: 0x2122_2324_2526_2728,
        version: 3,
        created_ms: 1_700_000_000_000,
        fresh_until_ms: 1_700_000_060_000,
        hard_until_ms: 1_700_000_120_000,
        expires_ms: 1_700_000_300_000,
        load_cost_us: 12_345,
        etag: "\"v3\"".into(),
        tags: [0xaaaa, 0xbbbb].into(),
    }
}

fn house() -> House {
    House {
        id: 123,
        street: "Straße 9".to_owned(),
        price: 0.1 + 0.2,
        tags: vec!["sea".to_owned(); 12],
        rooms: [("bed".to_owned(), vec![3, 70_000])].into(),
        state: State::Sold {
            cents: -1,
            to: vec![State::Free, State::Moved(4, Box::new(State::Let("a".to_owned())))],
        },
        note: None,
        place: (-33.8, 151.25),
    }
}

fn hex(bytes: &[u8]) -> String {
    let lines =
        bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    pairs.collect()
}

fn is_read(codec: &Codec, golden: &str, value: Option<House>) {
    let found = codec.open::<House>(header().fingerprint, "house:123", &bytes(golden)).unwrap();
    assert_eq!(found, (header(), value));
}

/// Read, and written in the same bytes.
fn holds(config: &CodecConfig, golden: &str, value: Option<House>) {
    let codec = codec(config);
    let sealed = codec.seal("house:123", &header(), value.as_ref()).unwrap();
    assert_eq!(hex(&sealed), golden.trim(), "{config:?}");
    is_read(&codec, golden, value);
}

/// Read; the bytes differ by nonce, or may differ by the compressor's version.
#[cfg(any(feature = "zstd", feature = "lz4", feature = "encryption"))]
fn stays_readable(config: &CodecConfig, golden: &str, value: Option<House>) {
    let codec = codec(config);
    let sealed = codec.seal("house:123", &header(), value.as_ref()).unwrap();
    // Up to the payload, or the nonce.
    let fixed = 100;
    let golden_bytes = bytes(golden);
    assert_eq!(golden_bytes.get(..fixed), sealed.get(..fixed), "written now:\n{}", hex(&sealed));
    is_read(&codec, golden, value);
}

#[test]
fn postcard() {
    holds(&CodecConfig::default(), include_str!("../golden/postcard.hex"), Some(house()));
}

#[test]
fn a_remembered_absence() {
    holds(&CodecConfig::default(), include_str!("../golden/negative.hex"), None);
}

#[test]
fn json() {
    holds(&CodecConfig::default().format(Format::Json), include_str!("../golden/json.hex"), Some(house()));
}

#[cfg(feature = "msgpack")]
#[test]
fn message_pack() {
    let config = CodecConfig::default().format(Format::MessagePack);
    holds(&config, include_str!("../golden/message_pack.hex"), Some(house()));
}

#[cfg(feature = "zstd")]
#[test]
fn zstd() {
    use crate::codec::{Algorithm, Compression};
    let config =
        CodecConfig::default().format(Format::Json).compression(Compression::new(Algorithm::Zstd).above(0));
    stays_readable(&config, include_str!("../golden/zstd.hex"), Some(house()));
}

#[cfg(feature = "lz4")]
#[test]
fn lz4() {
    use crate::codec::{Algorithm, Compression};
    let config =
        CodecConfig::default().format(Format::Json).compression(Compression::new(Algorithm::Lz4).above(0));
    stays_readable(&config, include_str!("../golden/lz4.hex"), Some(house()));
}

#[cfg(feature = "encryption")]
#[test]
fn encrypted() {
    let config = CodecConfig::default().encryption(crate::codec::KeyRing::new(7, [9; 32]));
    stays_readable(&config, include_str!("../golden/encrypted.hex"), Some(house()));
    stays_readable(&config, include_str!("../golden/encrypted_negative.hex"), None);
}
