//! What a header holds, and what is noticed of a change of its bytes.

use proptest::prelude::*;

use crate::codec::header::{EPOCH_AT, Header, STAMPED_TO, close, read, stamp, verify};
use crate::codec::making::Making;
use crate::codec::{Foreign, Format};

fn header() -> Header {
    Header {
        fingerprint: 7,
        epoch: 1,
        born: 42,
        version: 3,
        created_ms: 5,
        fresh_until_ms: 8,
        hard_until_ms: 8,
        expires_ms: 9,
        load_cost_us: 11,
        etag: "\"v3\"".into(),
        tags: [3, 4].into(),
    }
}

fn sealed(payload: &[u8]) -> Vec<u8> {
    let making = Making { format: Format::Postcard, negative: false, packed: None, lock: None };
    let mut bytes = header().write(&making, payload.len()).unwrap();
    bytes.extend_from_slice(payload);
    close(&mut bytes, "k");
    bytes
}

#[test]
fn a_stamp_changes_only_epoch_and_born() {
    let mut bytes = sealed(b"payload");
    stamp(&mut bytes, 8, 99);
    verify(&bytes, "k").unwrap();
    let parts = read(&bytes).unwrap();
    assert_eq!((parts.header, parts.payload), (Header { epoch: 8, born: 99, ..header() }, &b"payload"[..]));
}

#[test]
fn what_a_header_cannot_hold_is_refused_and_not_cut_off() {
    let making = Making { format: Format::Postcard, negative: false, packed: None, lock: None };
    let many = Header { tags: vec![1; 65_536].into(), ..header() };
    assert_eq!(many.write(&making, 0).unwrap_err(), "it has 65536 tags, at most 65,535 can be stored");
    let long = Header { etag: "e".repeat(256).into(), ..header() };
    assert_eq!(long.write(&making, 0).unwrap_err(), "its etag has 256 bytes, at most 255 can be stored");
    let most = Header { tags: vec![1; 65_535].into(), etag: "e".repeat(255).into(), ..header() };
    let mut bytes = most.write(&making, 0).unwrap();
    close(&mut bytes, "k");
    assert_eq!(read(&bytes).unwrap().header, most);
}

#[test]
fn flags_that_mean_nothing_yet_are_another_format() {
    for flags in 0..=u8::MAX {
        let mut bytes = sealed(&[0; 32]);
        bytes[STAMPED_TO] = flags;
        let meant = flags < 16 && (flags & 1 == 0 || flags & 0b110 == 0);
        assert_eq!(read(&bytes).map(|_| ()), if meant { Ok(()) } else { Err(Foreign::Format) }, "{flags:b}");
    }
}

proptest! {
    #[test]
    fn any_change_outside_epoch_and_born_is_noticed(
        payload in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut bytes = sealed(&payload);
        let at = at.index(bytes.len());
        prop_assume!(!(EPOCH_AT..STAMPED_TO).contains(&at));
        bytes[at] ^= flip;
        prop_assert!(verify(&bytes, "k").is_err());
    }

    #[test]
    fn cut_bytes_are_noticed(payload in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>()) {
        let bytes = sealed(&payload);
        prop_assert!(verify(&bytes[..at.index(bytes.len())], "k").is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = (verify(&bytes, "k"), read(&bytes).map(|_| ()));
    }
}
