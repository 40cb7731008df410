//! An answer in place of a failure.

mod config;
mod counts;
mod future;
mod policy;
mod substitute;
#[cfg(test)]
mod tests;

pub use config::FallbackConfig;
pub use counts::FallbackStats;
pub use future::FallbackFuture;
pub use policy::Fallback;
pub use substitute::{Calling, CallingGuarded, Computed, Substitute, Value};

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/fallback.md")]
mod page {}
