#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

mod cache;
mod clock;
// The shared layers' side is compiled in every feature set, so that there is one way through the house; without any shared
// layer some of it waits unused.
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod codec;
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod descend;
mod entry;
mod error;
mod fill;
mod flight;
mod generation;
mod glob;
mod invalidate;
mod key;
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod layers;
mod lead;
mod load;
mod monotonic;
mod options;
mod read;
mod recall;
mod region;
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod stamps;
mod stats;
mod trust;
mod ttl;
mod weigher;
mod write;

#[cfg(test)]
mod tests;

pub use cache::{Cache, CacheBuilder};
pub use entry::{Hit, Source};
pub use error::{CacheError, ConfigError, LoadError};
pub use invalidate::Delivery;
pub use key::{CacheKey, CacheKeyBuilder, Key, KeyText, Probe};
pub use layers::memory::GhostEstimate;
pub use load::LoadContext;
pub use options::{MemoryConfig, MemoryKind, RedisConfig, RegionOptions};
pub use region::Region;
pub use stats::{CacheStats, LayerStats, RegionStats};
pub use ttl::TtlTable;
