use super::foreign::Foreign;
use crate::error::ConfigError;

/// How large values are made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Algorithm {
    /// Zstandard: smaller.
    #[cfg(feature = "zstd")]
    Zstd,
    /// LZ4: faster.
    #[cfg(feature = "lz4")]
    Lz4,
}

/// Which values are compressed, and how; a value that would not get smaller is stored as it is. Both algorithms are read,
/// whichever is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Compression {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Only values longer than this are compressed, in bytes. Default 4,096.
    #[cfg_attr(feature = "config", serde(default = "default_above"))]
    pub above: usize,
    /// Zstandard's effort, 1 to 19; LZ4 has none. Default 3.
    #[cfg_attr(feature = "config", serde(default = "default_level"))]
    pub level: i32,
}

const fn default_above() -> usize {
    4_096
}

const fn default_level() -> i32 {
    3
}

impl Compression {
    /// The defaults with an algorithm.
    #[must_use]
    pub const fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, above: default_above(), level: default_level() }
    }

    /// Sets the length above which values are compressed. Default 4,096 bytes.
    #[must_use]
    pub const fn above(mut self, bytes: usize) -> Self {
        self.above = bytes;
        self
    }

    /// Sets Zstandard's effort. Default 3.
    #[must_use]
    pub const fn level(mut self, level: i32) -> Self {
        self.level = level;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.above > u32::MAX as usize {
            return Err(ConfigError::new("compression.above", self.above, "0 to 4,294,967,295"));
        }
        if !(1..=19).contains(&self.level) {
            return Err(ConfigError::new("compression.level", self.level, "1 to 19"));
        }
        Ok(())
    }

    /// Nothing if the value is too short to bother, or would not get smaller.
    pub(super) fn compress(&self, plain: &[u8]) -> Option<Vec<u8>> {
        if plain.len() <= self.above {
            return None;
        }
        let small = match self.algorithm {
            #[cfg(feature = "zstd")]
            Algorithm::Zstd => zstd::bulk::compress(plain, self.level).ok()?,
            #[cfg(feature = "lz4")]
            Algorithm::Lz4 => lz4_flex::block::compress(plain),
        };
        (small.len() + size_of::<u32>() < plain.len()).then_some(small)
    }
}

impl Algorithm {
    pub(super) const fn code(self) -> u8 {
        match self {
            #[cfg(feature = "zstd")]
            Self::Zstd => 1,
            #[cfg(feature = "lz4")]
            Self::Lz4 => 2,
        }
    }

    /// `length` is what the header states: the caller has bounded it, and nothing longer or shorter is accepted.
    pub(super) fn decompress(code: u8, small: &[u8], length: usize) -> Result<Vec<u8>, Foreign> {
        let plain = match code {
            #[cfg(feature = "zstd")]
            1 => zstd::bulk::decompress(small, length).map_err(|_| Foreign::Decompress)?,
            #[cfg(feature = "lz4")]
            2 => {
                // LZ4 cannot do better than 255 to 1: a length beyond that is not worth the memory.
                if length / 255 > small.len() {
                    return Err(Foreign::Decompress);
                }
                let mut plain = vec![0; length];
                let written = lz4_flex::block::decompress_into(small, &mut plain);
                plain.truncate(written.map_err(|_| Foreign::Decompress)?);
                plain
            }
            _ => return Err(Foreign::Format),
        };
        if plain.len() == length { Ok(plain) } else { Err(Foreign::Decompress) }
    }
}
