#[cfg(any(feature = "zstd", feature = "lz4"))]
use super::compression::Compression;
use super::format::Format;
#[cfg(feature = "encryption")]
use super::keys::KeyRing;
use crate::error::ConfigError;

/// How a region's values are stored in shared layers; memory holds the values themselves.
///
/// What is read describes itself: after a change of `format` or `compression` the old entries are still read. After
/// `encryption` was switched on or off the others' entries are misses.
///
/// ```
/// use mainstay_cache::{CodecConfig, Format};
///
/// let readable = CodecConfig::default().format(Format::Json);
/// assert!(readable.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct CodecConfig {
    /// How a value becomes bytes. Default `Postcard`.
    pub format: Format,
    /// How large values are made smaller. Default none.
    #[cfg(any(feature = "zstd", feature = "lz4"))]
    pub compression: Option<Compression>,
    /// With which keys values are encrypted. Default none.
    #[cfg(feature = "encryption")]
    pub encryption: Option<KeyRing>,
    /// The longest encoded value that is written, or believed when it is read, in bytes. Default 64 MiB.
    pub max_bytes: usize,
}

impl Default for CodecConfig {
    fn default() -> Self {
        Self {
            format: Format::default(),
            #[cfg(any(feature = "zstd", feature = "lz4"))]
            compression: None,
            #[cfg(feature = "encryption")]
            encryption: None,
            max_bytes: 64 * 1024 * 1024,
        }
    }
}

impl CodecConfig {
    /// Sets how a value becomes bytes. Default `Postcard`.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Compresses large values. Default none.
    #[cfg(any(feature = "zstd", feature = "lz4"))]
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Encrypts every value with AES-256-GCM. Default none.
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn encryption(mut self, keys: KeyRing) -> Self {
        self.encryption = Some(keys);
        self
    }

    /// Sets the longest encoded value that is written or believed. Default 64 MiB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(1_024..=1 << 30).contains(&self.max_bytes) {
            return Err(ConfigError::new("max_bytes", self.max_bytes, "1 KiB to 1 GiB"));
        }
        #[cfg(any(feature = "zstd", feature = "lz4"))]
        if let Some(compression) = &self.compression {
            compression.validate()?;
        }
        #[cfg(feature = "encryption")]
        if let Some(keys) = &self.encryption {
            keys.validate()?;
        }
        Ok(())
    }
}
