//! Values to the bytes that shared layers hold, and back.

mod bounded;
#[cfg(any(feature = "zstd", feature = "lz4"))]
mod compression;
mod config;
mod encoding;
mod foreign;
mod format;
pub(crate) mod header;
#[cfg(feature = "encryption")]
mod keys;
mod making;
mod seal;

#[cfg(test)]
mod tests;

#[cfg(any(feature = "zstd", feature = "lz4"))]
pub use compression::{Algorithm, Compression};
pub use config::CodecConfig;
pub use encoding::Encoding;
pub(crate) use foreign::{Foreign, ForeignCounters};
pub use format::Format;
pub(crate) use header::{Header, born, stamp};
#[cfg(feature = "encryption")]
pub use keys::KeyRing;
pub(crate) use seal::Codec;

/// The page of the book, its programs run as tests.
#[cfg(all(doctest, feature = "encryption"))]
#[doc = include_str!("../../../../docs/src/cache/codecs.md")]
mod page {}
