//! What a user may set, as plain data: a noun a file.

mod budget;
mod eager;
mod fail_safe;
mod fleet_rate;
mod layers;
mod memory;
mod problems;
mod redis;
mod region;
mod servers;
mod sql;
#[cfg(all(test, feature = "config"))]
mod tests;
mod timeouts;

pub use budget::LoadBudget;
pub use eager::EagerRefresh;
pub use fail_safe::FailSafe;
pub use fleet_rate::FleetRateConfig;
pub use layers::{LayerOptions, Layers};
pub use memory::{MemoryConfig, MemoryKind};
pub(crate) use problems::Problems;
pub use redis::RedisConfig;
pub use region::RegionOptions;
pub use servers::SentinelConfig;
pub use sql::SqlConfig;
pub use timeouts::LoadTimeouts;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/cache/options.md")]
mod page {}
