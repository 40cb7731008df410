use std::collections::BTreeMap;

use crate::counter::Counter;

/// Why bytes are no value of ours: always a miss and a count, never an error to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum Foreign {
    /// Shorter than the shortest entry, or than its own lengths say.
    #[error("truncated")]
    Truncated,
    /// Written by something else.
    #[error("not written by this cache")]
    NotOurs,
    /// A format, compression or flag that this build does not read.
    #[error("of a format this build does not read")]
    Format,
    /// Damaged, or another key's.
    #[error("damaged, or stored for another key")]
    Checksum,
    /// Of another region or schema number.
    #[error("of another region or schema")]
    Fingerprint,
    /// Born further in the future than clocks differ.
    #[error("born in the future")]
    Ahead,
    /// Longer than is believed.
    #[error("longer than the codec's limit")]
    TooLarge,
    /// Not encrypted where encryption is demanded.
    #[error("not encrypted, though encryption is demanded")]
    Plaintext,
    /// Encrypted with a key that is not, or no longer, in the ring.
    #[error("encrypted with a key that the ring does not hold")]
    UnknownKey,
    /// Changed, moved to another key, or encrypted with another secret of the same id.
    #[error("does not decrypt")]
    Decrypt,
    /// Does not decompress to the length it states.
    #[error("does not decompress")]
    Decompress,
    /// Does not decode as the region's type.
    #[error("does not decode as this type")]
    Payload,
}

impl Foreign {
    pub(crate) const ALL: [Self; 12] = [
        Self::Truncated,
        Self::NotOurs,
        Self::Format,
        Self::Checksum,
        Self::Fingerprint,
        Self::Ahead,
        Self::TooLarge,
        Self::Plaintext,
        Self::UnknownKey,
        Self::Decrypt,
        Self::Decompress,
        Self::Payload,
    ];

    /// The reason as a metric's label.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::NotOurs => "not_ours",
            Self::Format => "format",
            Self::Checksum => "checksum",
            Self::Fingerprint => "fingerprint",
            Self::Ahead => "ahead",
            Self::TooLarge => "too_large",
            Self::Plaintext => "plaintext",
            Self::UnknownKey => "unknown_key",
            Self::Decrypt => "decrypt",
            Self::Decompress => "decompress",
            Self::Payload => "payload",
        }
    }
}

/// How often bytes were foreign, and why.
#[derive(Debug, Default)]
pub(crate) struct ForeignCounters([Counter; Foreign::ALL.len()]);

impl ForeignCounters {
    pub(crate) fn count(&self, why: Foreign) {
        self.0[why as usize].add(1);
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(Counter::get).sum()
    }

    /// The reasons that occurred.
    pub(crate) fn by_reason(&self) -> BTreeMap<&'static str, u64> {
        let counts = Foreign::ALL.into_iter().zip(self.0.iter().map(Counter::get));
        counts.filter(|(_, count)| *count > 0).map(|(why, count)| (why.reason(), count)).collect()
    }
}
