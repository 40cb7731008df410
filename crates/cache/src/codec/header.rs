use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::foreign::Foreign;
use super::format::Format;
use super::making::{Flags, Making};

const MAGIC: [u8; 2] = *b"ms";
pub(super) const FORMAT: u8 = 4;

/// `epoch` and `born` lie together at a fixed place, since the layer that keeps the clock writes them itself, atomically
/// with its comparison: it is handed what is before [`EPOCH_AT`] and what is from [`STAMPED_TO`] on.
pub(crate) const EPOCH_AT: usize = 12;
const BORN_AT: usize = EPOCH_AT + 8;
pub(crate) const STAMPED_TO: usize = BORN_AT + 8;
/// `born` and `created` tell a stored value from any other of its key: layers look for them there.
pub(crate) const CREATED_AT: usize = STAMPED_TO + 1 + 8;

const CHECKSUM: usize = 8;
/// An entry with no etag, no tags and no payload.
const SHORTEST: usize = STAMPED_TO + 1 + 5 * 8 + 4 + 1 + 2 + CHECKSUM;

/// What is stored with a value. Sealed, an entry is, all numbers big-endian:
///
/// | bytes | field |
/// |---|---|
/// | 2 | magic `ms` |
/// | 1 | 4, the number of this layout |
/// | 1 | format of the value: 1 postcard, 2 JSON, 3 `MessagePack` |
/// | 8 | fingerprint: region and schema |
/// | 8 + 8 | epoch, born |
/// | 1 | flags: bit 0 negative, bits 1 and 2 compression (1 Zstandard, 2 LZ4), bit 3 encrypted, the others 0 |
/// | 8 | version |
/// | 8 + 8 + 8 + 8 | created, fresh until, served until, expires: milliseconds since 1970 |
/// | 4 | cost of the load in microseconds |
/// | 1 + n | length of the etag, etag |
/// | 2 + 8n | number of tags, their hashes |
/// | 4 | length before compression; only if compressed |
/// | 4 + 12 | key id, nonce; only if encrypted |
/// | n | payload: the value encoded, then compressed, then encrypted (which adds 16 bytes) |
/// | 8 | checksum of all before it but epoch and born, and of the rendered key |
///
/// The checksum is the xxh3 of what lies between born and itself; with that as its seed, the xxh3 of what lies before epoch; and with
/// that as its seed, the xxh3 of the key. The key is part of it, though it is not stored: an answer that belongs to another key is noticed. A checksum
/// is no proof against those who can compute it; encryption is: its associated data are the same bytes and the key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Header {
    /// Region and schema.
    pub(crate) fingerprint: u64,
    /// The epoch of the clock's keeper, 0 where there is none.
    pub(crate) epoch: u64,
    pub(crate) born: u64,
    /// The source's version of the value, 0 for none.
    pub(crate) version: u64,
    pub(crate) created_ms: u64,
    pub(crate) fresh_until_ms: u64,
    /// From then on it is for fail-safe alone.
    pub(crate) hard_until_ms: u64,
    pub(crate) expires_ms: u64,
    pub(crate) load_cost_us: u32,
    /// Empty for none.
    pub(crate) etag: Box<str>,
    pub(crate) tags: Box<[u64]>,
}

/// Sealed bytes taken apart.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) header: Header,
    pub(super) making: Making,
    /// All before the payload.
    #[cfg_attr(not(feature = "encryption"), expect(dead_code, reason = "what encryption authenticates"))]
    pub(super) head: &'a [u8],
    pub(super) payload: &'a [u8],
}

impl Header {
    /// All before the payload.
    pub(super) fn write(&self, making: &Making, payload: usize) -> Result<Vec<u8>, String> {
        let etag = u8::try_from(self.etag.len())
            .map_err(|_| format!("its etag has {} bytes, at most 255 can be stored", self.etag.len()))?;
        // Leaving some out would leave them without effect.
        let tags = u16::try_from(self.tags.len())
            .map_err(|_| format!("it has {} tags, at most 65,535 can be stored", self.tags.len()))?;
        let room = SHORTEST + 20 + usize::from(etag) + usize::from(tags) * 8 + payload;
        let mut bytes = Vec::with_capacity(room);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[FORMAT, making.format.code()]);
        for field in [self.fingerprint, self.epoch, self.born] {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
        bytes.push(making.flags());
        let times = [self.created_ms, self.fresh_until_ms, self.hard_until_ms, self.expires_ms];
        for field in [self.version].into_iter().chain(times) {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
        bytes.extend_from_slice(&self.load_cost_us.to_be_bytes());
        bytes.push(etag);
        bytes.extend_from_slice(self.etag.as_bytes());
        bytes.extend_from_slice(&tags.to_be_bytes());
        for tag in &self.tags {
            bytes.extend_from_slice(&tag.to_be_bytes());
        }
        making.write(&mut bytes);
        Ok(bytes)
    }
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
    bytes.get(BORN_AT..STAMPED_TO).and_then(<[u8]>::first_chunk).map(|born| u64::from_be_bytes(*born))
}

/// Appends the checksum.
pub(super) fn close(bytes: &mut Vec<u8>, key: &str) {
    let sum = checksum(bytes, key);
    bytes.extend_from_slice(&sum.to_be_bytes());
}

/// Whether these are undamaged bytes of this layout, stored for this key.
pub(super) fn verify(bytes: &[u8], key: &str) -> Result<(), Foreign> {
    let (sealed, sum) = shape(bytes)?;
    if checksum(sealed, key) == u64::from_be_bytes(*sum) { Ok(()) } else { Err(Foreign::Checksum) }
}

fn shape(bytes: &[u8]) -> Result<(&[u8], &[u8; CHECKSUM]), Foreign> {
    if bytes.len() < SHORTEST {
        return Err(if bytes.starts_with(&MAGIC) { Foreign::Truncated } else { Foreign::NotOurs });
    }
    if !bytes.starts_with(&MAGIC) {
        return Err(Foreign::NotOurs);
    }
    if bytes[MAGIC.len()] != FORMAT {
        return Err(Foreign::Format);
    }
    bytes.split_last_chunk().ok_or(Foreign::Truncated)
}

/// Reads what the bytes say, true or not.
pub(super) fn read(bytes: &[u8]) -> Result<Parts<'_>, Foreign> {
    let (sealed, _) = shape(bytes)?;
    let mut rest = &sealed[MAGIC.len() + 1..];
    let format = Format::of(take::<1>(&mut rest)?[0])?;
    let (fingerprint, epoch, born) = (number(&mut rest)?, number(&mut rest)?, number(&mut rest)?);
    let flags = Flags::read(take::<1>(&mut rest)?[0])?;
    let header = Header {
        fingerprint,
        epoch,
        born,
        version: number(&mut rest)?,
        created_ms: number(&mut rest)?,
        fresh_until_ms: number(&mut rest)?,
        hard_until_ms: number(&mut rest)?,
        expires_ms: number(&mut rest)?,
        load_cost_us: u32::from_be_bytes(take(&mut rest)?),
        etag: {
            let length = take::<1>(&mut rest)?[0];
            let etag = rest.split_off(..usize::from(length)).ok_or(Foreign::Truncated)?;
            std::str::from_utf8(etag).map_err(|_| Foreign::Format)?.into()
        },
        tags: {
            let count = usize::from(u16::from_be_bytes(take(&mut rest)?));
            let mut tags = rest.split_off(..count * 8).ok_or(Foreign::Truncated)?;
            (0..count).map(|_| number(&mut tags)).collect::<Result<_, _>>()?
        },
    };
    let making = Making::read(format, flags, &mut rest)?;
    let head = &sealed[..sealed.len() - rest.len()];
    Ok(Parts { header, making, head, payload: rest })
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Foreign> {
    let (taken, left) = rest.split_first_chunk().ok_or(Foreign::Truncated)?;
    *rest = left;
    Ok(*taken)
}

fn number(rest: &mut &[u8]) -> Result<u64, Foreign> {
    take(rest).map(u64::from_be_bytes)
}

fn checksum(sealed: &[u8], key: &str) -> u64 {
    let rest = xxh3_64(sealed.get(STAMPED_TO..).unwrap_or_default());
    let all = xxh3_64_with_seed(&sealed[..EPOCH_AT.min(sealed.len())], rest);
    xxh3_64_with_seed(key.as_bytes(), all)
}
