//! Payloads made to exhaust who reads them, with a right checksum.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::values::{Tree, codec};
use crate::codec::header::{FORMAT, close};
use crate::codec::{CodecConfig, Foreign, Format, Header};

/// An entry whose payload is what its writer wants.
fn forged(codes: [u8; 2], packed: Option<u32>, payload: &[u8]) -> Vec<u8> {
    let [format, flags] = codes;
    let mut bytes = vec![b'm', b's', FORMAT, format];
    bytes.extend_from_slice(&[0; 24]);
    bytes.push(flags);
    bytes.extend_from_slice(&[0; 47]);
    bytes.extend(packed.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend_from_slice(payload);
    close(&mut bytes, "k");
    bytes
}

/// What it says, with the most memory it took on the way, and quickly.
fn open<V: serde::de::DeserializeOwned>(bytes: &[u8]) -> (Result<(Header, Option<V>), Foreign>, u64) {
    let codec = codec(&CodecConfig::default());
    let began = Instant::now();
    let mut found = Err(Foreign::Truncated);
    let used = allocation_counter::measure(|| found = codec.open::<V>(0, "k", bytes));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    (found, used.bytes_max)
}

#[test]
fn the_forger_can_forge() {
    let (found, _) = open::<u32>(&forged([1, 0], None, &[5]));
    assert_eq!(found.unwrap(), (Header::default(), Some(5)));
}

#[test]
fn nesting_ends_before_the_stack_does() {
    const LEVELS: usize = 1_000_000;
    let postcard = vec![1; LEVELS];
    let json = r#"{"Twig":"#.repeat(LEVELS).into_bytes();
    assert_eq!(open::<Tree>(&forged([1, 0], None, &postcard)).0, Err(Foreign::Payload));
    assert_eq!(open::<Tree>(&forged([2, 0], None, &json)).0, Err(Foreign::Payload));
    // Forks of one, by name and by number.
    assert_eq!(open::<Tree>(&forged([1, 0], None, &[2, 1].repeat(LEVELS))).0, Err(Foreign::Payload));
    #[cfg(feature = "msgpack")]
    for level in [&b"\x81\xa4Twig"[..], b"\x81\xa4Fork\x91", b"\x81\x01", b"\x91", b"\x81"] {
        assert_eq!(open::<Tree>(&forged([3, 0], None, &level.repeat(LEVELS))).0, Err(Foreign::Payload));
        let skipped = open::<serde::de::IgnoredAny>(&forged([3, 0], None, &level.repeat(LEVELS))).0;
        assert_eq!(skipped.unwrap_err(), Foreign::Payload);
    }
}

#[test]
fn nesting_that_is_allowed_comes_back() {
    for format in super::values::formats() {
        for depth in [1, 20, 60] {
            let bytes = format.encode(&Tree::twig(depth)).unwrap();
            assert_eq!(format.decode::<Tree>(&bytes), Ok(Tree::twig(depth)), "{format:?} {depth}");
        }
        let bytes = format.encode(&Tree::twig(5_000)).unwrap();
        assert_eq!(format.decode::<Tree>(&bytes), Err(Foreign::Payload), "{format:?}");
    }
}

/// postcard's number 2^64 - 1.
const MOST: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
const A_LITTLE: u64 = 2 * 1024 * 1024;
/// As many elements as may come without bytes, in a vector that grew by doubling.
const FREE: u64 = 3 * 4_200 * size_of::<Large>() as u64;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Large {
    #[serde(skip)]
    room: [u128; 32],
}

#[test]
fn a_length_that_is_a_lie_takes_neither_time_nor_memory() {
    let bytes = forged([1, 0], None, &MOST);
    fn refused<V: serde::de::DeserializeOwned + std::fmt::Debug + PartialEq>(bytes: &[u8]) {
        let (found, most) = open::<V>(bytes);
        assert_eq!(found, Err(Foreign::Payload), "{}", std::any::type_name::<V>());
        assert!(most < A_LITTLE.max(FREE), "{}: {most} bytes", std::any::type_name::<V>());
    }
    refused::<String>(&bytes);
    refused::<Vec<u8>>(&bytes);
    refused::<Vec<u64>>(&bytes);
    refused::<Vec<[u64; 32]>>(&bytes);
    refused::<std::collections::HashMap<u64, u64>>(&bytes);
    refused::<std::collections::BTreeMap<u64, u64>>(&bytes);
    // Elements that need no bytes: 2^64 rounds if nobody counts.
    refused::<Vec<()>>(&bytes);
    refused::<Vec<Large>>(&bytes);
    refused::<std::collections::BTreeMap<(), ()>>(&bytes);
    refused::<Vec<Vec<()>>>(&forged([1, 0], None, &[&[9][..], &MOST].concat()));
    #[cfg(feature = "msgpack")]
    for header in [
        &b"\xdd\xff\xff\xff\xff"[..],
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
    ] {
        let bytes = forged([3, 0], None, header);
        refused::<String>(&bytes);
        refused::<Vec<u8>>(&bytes);
        refused::<Vec<()>>(&bytes);
        refused::<std::collections::HashMap<u64, u64>>(&bytes);
    }
}

#[test]
fn elements_without_bytes_come_back_in_reasonable_number() {
    for format in super::values::formats() {
        let bytes = format.encode(&vec![(); 3_000]).unwrap();
        assert_eq!(format.decode::<Vec<()>>(&bytes).map(|all| all.len()), Ok(3_000), "{format:?}");
    }
    let bytes = Format::Postcard.encode(&vec![(); 30_000]).unwrap();
    assert_eq!(Format::Postcard.decode::<Vec<()>>(&bytes), Err(Foreign::Payload));
}

#[cfg(any(feature = "zstd", feature = "lz4"))]
#[test]
fn a_length_before_compression_is_believed_only_up_to_the_limit() {
    for algorithm in 1..=3_u8 {
        for (length, why) in
            [(u32::MAX, Foreign::TooLarge), (64 << 20, Foreign::Decompress), (0, Foreign::Decompress)]
        {
            let (found, most) = open::<String>(&forged([1, algorithm << 1], Some(length), b"\x1fgarbage"));
            let known = cfg!(all(feature = "zstd", feature = "lz4")) && algorithm < 3;
            let expected = if known || why == Foreign::TooLarge { why } else { Foreign::Format };
            assert_eq!(found, Err(expected), "{algorithm} {length}");
            assert!(most < 70 << 20, "{algorithm} {length}: {most} bytes");
        }
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_bomb_of_zstandard_is_held_to_its_stated_length() {
    let bomb = zstd::bulk::compress(&vec![0; 60 << 20], 3).unwrap();
    assert!(bomb.len() < 10_000, "{}", bomb.len());
    for stated in [0, 100, 1 << 20, (60 << 20) - 1, (60 << 20) + 1] {
        let (found, most) = open::<Vec<u8>>(&forged([1, 2], Some(stated), &bomb));
        assert_eq!(found, Err(Foreign::Decompress), "{stated}");
        assert!(most < u64::from(stated) + A_LITTLE, "{stated}: {most} bytes");
    }
    // Frames without a stated size.
    let open_ended = zstd::stream::encode_all(&vec![0; 60 << 20][..], 3).unwrap();
    let (found, most) = open::<Vec<u8>>(&forged([1, 2], Some(1 << 20), &open_ended));
    assert_eq!(found, Err(Foreign::Decompress));
    assert!(most < (1 << 20) + A_LITTLE, "{most} bytes");
}

#[cfg(feature = "lz4")]
#[test]
fn a_bomb_of_lz4_is_held_to_its_stated_length() {
    let bomb = lz4_flex::block::compress(&vec![0; 60 << 20]);
    for stated in [0, 100, 1 << 20, (60 << 20) - 1, (60 << 20) + 1] {
        let (found, most) = open::<Vec<u8>>(&forged([1, 4], Some(stated), &bomb));
        assert_eq!(found, Err(Foreign::Decompress), "{stated}");
        assert!(most < u64::from(stated) + A_LITTLE, "{stated}: {most} bytes");
    }
}
