#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

pub mod auditor;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod backplane;
mod budget;
mod builder;
mod cache;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod claim;
mod clock;
// The shared layers' side is compiled in every feature set, so that there is one way through the house; without any shared
// layer some of it waits unused.
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod codec;
pub mod config;
mod counter;
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod descend;
mod entry;
mod error;
mod explain;
mod fill;
#[cfg(feature = "redis")]
pub mod fleet;
mod flight;
mod floor;
mod generation;
mod glob;
#[cfg(all(test, feature = "redis"))]
mod hold;
mod inner;
mod invalidate;
pub mod invalidators;
mod key;
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod layers;
mod lead;
mod life;
mod load;
mod load_times;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macro_support;
mod monotonic;
mod options;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub mod outbox;
mod prolong;
mod read;
mod recall;
mod region;
#[cfg_attr(not(any(feature = "redis", feature = "sqlite", feature = "postgres")), allow(dead_code))]
mod stamps;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod standing;
mod stats;
mod sync;
pub mod tags;
#[cfg(feature = "metrics")]
pub mod telemetry;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod trace;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod trust;
mod ttl;
pub mod warm;
mod weigher;
mod write;

#[cfg(test)]
mod tests;

pub use budget::{FleetAnswer, FleetBudget};
pub use builder::CacheBuilder;
pub use cache::Cache;
#[cfg(feature = "encryption")]
pub use codec::KeyRing;
#[cfg(any(feature = "zstd", feature = "lz4"))]
pub use codec::{Algorithm, Compression};
pub use codec::{CodecConfig, Encoding, Format};
pub use entry::{Freshness, Hit, Source, Why};
pub use error::{CacheError, ConfigError, LoadError};
pub use explain::{Explanation, InMemory, Stored, Verdict};
pub use invalidate::Delivery;
pub use key::{CacheKey, CacheKeyBuilder, Key, KeyText, Probe};
pub use layers::memory::GhostEstimate;
pub use lead::Missing;
pub use load::{LoadContext, Loaded};
pub use load_times::LoadTimes;
#[cfg(feature = "macros")]
pub use mainstay_macros::{CacheKey, cache_invalidate, cacheable};
pub use options::{
    EagerRefresh, FailSafe, FleetRateConfig, LayerOptions, Layers, LoadBudget, LoadTimeouts, MemoryConfig,
    MemoryKind, RedisConfig, RegionOptions, SentinelConfig, SqlConfig,
};
pub use region::Region;
pub use standing::Coherence;
pub use stats::{CacheStats, LayerStats, RegionStats};
pub use ttl::{LiveTtl, NamedTtl, Ttl, TtlChange, TtlTable};
/// The book's programs compile and run.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../docs/src/cache.md")]
    mod cache {}
}
