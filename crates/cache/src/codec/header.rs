use xxhash_rust::xxh3::Xxh3;

use super::Foreign;

const MAGIC: [u8; 2] = *b"ms";
const FORMAT: u8 = 1;
const POSTCARD: u8 = 1;

/// `epoch` and `born` lie together at a fixed place, since the layer that keeps the clock writes them itself, atomically
/// with its comparison.
pub(crate) const EPOCH_AT: usize = 12;
const BORN_AT: usize = EPOCH_AT + 8;
pub(crate) const STAMPED_TO: usize = BORN_AT + 8;
const FIXED: usize = STAMPED_TO + 8 + 8 + 2;
const CHECKSUM: usize = 8;

/// What precedes the payload. All numbers big-endian:
/// `magic 2 | format 1 | codec 1 | type 8 | epoch 8 | born 8 | created ms 8 | expires ms 8 | tags 2 | tag hash 8 each |
/// payload | checksum 8`. The checksum (xxh3) covers all but epoch and born.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Region and schema.
    pub(crate) fingerprint: u64,
    /// The epoch of the clock's keeper, 0 where there is none.
    pub(crate) epoch: u64,
    pub(crate) born: u64,
    pub(crate) created_ms: u64,
    pub(crate) expires_ms: u64,
    pub(crate) tags: Box<[u64]>,
}

pub(crate) fn seal(header: &Header, payload: &[u8]) -> Vec<u8> {
    let tags = u16::try_from(header.tags.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(FIXED + usize::from(tags) * 8 + payload.len() + CHECKSUM);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[FORMAT, POSTCARD]);
    for field in [header.fingerprint, header.epoch, header.born, header.created_ms, header.expires_ms] {
        bytes.extend_from_slice(&field.to_be_bytes());
    }
    bytes.extend_from_slice(&tags.to_be_bytes());
    for tag in header.tags.iter().take(usize::from(tags)) {
        bytes.extend_from_slice(&tag.to_be_bytes());
    }
    bytes.extend_from_slice(payload);
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

/// Writes when and in which epoch sealed bytes were born.
pub(crate) fn stamp(bytes: &mut [u8], epoch: u64, born: u64) {
    if let Some(place) = bytes.get_mut(EPOCH_AT..STAMPED_TO) {
        place[..8].copy_from_slice(&epoch.to_be_bytes());
        place[8..].copy_from_slice(&born.to_be_bytes());
    }
}

/// When sealed bytes were born; of bytes that are not sealed, whatever lies there.
pub(crate) fn born(bytes: &[u8]) -> Option<u64> {
    bytes.get(BORN_AT..STAMPED_TO).map(number)
}

pub(crate) fn unseal(bytes: &[u8]) -> Result<(Header, &[u8]), Foreign> {
    let (sealed, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(Foreign)?;
    if sealed.len() < FIXED || sealed[..4] != [MAGIC[0], MAGIC[1], FORMAT, POSTCARD] {
        return Err(Foreign);
    }
    if checksum(sealed) != u64::from_be_bytes(*sum) {
        return Err(Foreign);
    }
    let mut numbers = sealed[4..FIXED - 2].chunks_exact(8).map(number);
    let mut next = || numbers.next().ok_or(Foreign);
    let (fingerprint, epoch, born, created_ms, expires_ms) = (next()?, next()?, next()?, next()?, next()?);
    let tags_end = FIXED + usize::from(u16::from_be_bytes([sealed[FIXED - 2], sealed[FIXED - 1]])) * 8;
    let tags = sealed.get(FIXED..tags_end).ok_or(Foreign)?.chunks_exact(8).map(number).collect();
    let header = Header { fingerprint, epoch, born, created_ms, expires_ms, tags };
    Ok((header, &sealed[tags_end..]))
}

fn number(eight: &[u8]) -> u64 {
    eight.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn checksum(sealed: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&sealed[..EPOCH_AT.min(sealed.len())]);
    hash.update(sealed.get(STAMPED_TO..).unwrap_or_default());
    hash.digest()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{EPOCH_AT, Header, STAMPED_TO, seal, stamp, unseal};

    fn header() -> Header {
        Header { fingerprint: 7, epoch: 1, born: 42, created_ms: 5, expires_ms: 9, tags: [3, 4].into() }
    }

    #[test]
    fn the_format_is_golden() {
        let hex: String = seal(&header(), b"hi").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("golden.hex").trim());
    }

    #[test]
    fn a_stamp_changes_only_epoch_and_born() {
        let mut bytes = seal(&header(), b"payload");
        stamp(&mut bytes, 8, 99);
        let (read, payload) = unseal(&bytes).unwrap();
        assert_eq!((read, payload), (Header { epoch: 8, born: 99, ..header() }, b"payload".as_slice()));
    }

    proptest! {
        #[test]
        fn any_change_outside_epoch_and_born_is_noticed(
            payload in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
        ) {
            let sealed = seal(&header(), &payload);
            let at = at.index(sealed.len());
            prop_assume!(!(EPOCH_AT..STAMPED_TO).contains(&at));
            let mut corrupt = sealed;
            corrupt[at] ^= flip;
            prop_assert!(unseal(&corrupt).is_err());
        }

        #[test]
        fn cut_bytes_are_noticed(payload in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>()) {
            let sealed = seal(&header(), &payload);
            prop_assert!(unseal(&sealed[..at.index(sealed.len())]).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = unseal(&bytes);
        }
    }
}
