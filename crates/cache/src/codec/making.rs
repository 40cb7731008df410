use super::foreign::Foreign;
use super::format::Format;
use super::header::take;

const NEGATIVE: u8 = 1;
const COMPRESSED: u8 = 0b110;
const ENCRYPTED: u8 = 0b1000;

/// The byte of a header that says how the payload was made, and hence what of that is written behind the tags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flags(u8);

/// How the payload was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Making {
    pub(super) format: Format,
    /// There is no value: its absence is what is remembered.
    pub(super) negative: bool,
    pub(super) packed: Option<Packed>,
    pub(super) lock: Option<Lock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) algorithm: u8,
    /// The length before.
    pub(super) length: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) key: u32,
    pub(super) nonce: [u8; 12],
}

impl Flags {
    /// A flag that means nothing yet is another format.
    pub(super) fn read(flags: u8) -> Result<Self, Foreign> {
        let is_known = flags & !(NEGATIVE | COMPRESSED | ENCRYPTED) == 0;
        // What is not there has nothing to compress.
        let has_sense = flags & NEGATIVE == 0 || flags & COMPRESSED == 0;
        if is_known && has_sense { Ok(Self(flags)) } else { Err(Foreign::Format) }
    }
}

impl Making {
    pub(super) fn flags(&self) -> u8 {
        let negative = if self.negative { NEGATIVE } else { 0 };
        let packed = self.packed.map_or(0, |packed| packed.algorithm << 1);
        let encrypted = if self.lock.is_some() { ENCRYPTED } else { 0 };
        negative | packed | encrypted
    }

    /// What the flags announce.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        if let Some(packed) = self.packed {
            bytes.extend_from_slice(&packed.length.to_be_bytes());
        }
        if let Some(lock) = self.lock {
            bytes.extend_from_slice(&lock.key.to_be_bytes());
            bytes.extend_from_slice(&lock.nonce);
        }
    }

    /// What the flags announced.
    pub(super) fn read(format: Format, Flags(flags): Flags, rest: &mut &[u8]) -> Result<Self, Foreign> {
        let packed = match (flags & COMPRESSED) >> 1 {
            0 => None,
            algorithm => Some(Packed { algorithm, length: u32::from_be_bytes(take(rest)?) }),
        };
        let lock = if flags & ENCRYPTED == 0 {
            None
        } else {
            Some(Lock { key: u32::from_be_bytes(take(rest)?), nonce: take(rest)? })
        };
        Ok(Self { format, negative: flags & NEGATIVE != 0, packed, lock })
    }
}
