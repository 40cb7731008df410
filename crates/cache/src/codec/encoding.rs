use std::fmt;

use super::format::Format;
use super::making::Making;

/// How a stored value became bytes, as the bytes say themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoding {
    /// The format of the value.
    pub format: Format,
    /// How it was made smaller, if it was: `zstd` or `lz4`.
    pub compression: Option<&'static str>,
    /// The id of the key it is encrypted with, if it is.
    pub key_id: Option<u32>,
    /// How many bytes lie in the layer, header and all.
    pub bytes: usize,
}

impl Encoding {
    pub(super) fn of(making: &Making, bytes: usize) -> Self {
        let compression = making.packed.map(|packed| match packed.algorithm {
            1 => "zstd",
            2 => "lz4",
            _ => "an algorithm that is not known",
        });
        Self { format: making.format, compression, key_id: making.lock.map(|lock| lock.key), bytes }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of {}", self.bytes, self.format)?;
        if let Some(algorithm) = self.compression {
            write!(f, ", compressed with {algorithm}")?;
        }
        match self.key_id {
            Some(id) => write!(f, ", encrypted with key {id}"),
            None => Ok(()),
        }
    }
}
