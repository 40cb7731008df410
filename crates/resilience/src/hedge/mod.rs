//! A second copy of a call that is slow.

mod config;
mod copies;
mod counts;
mod delay;
mod future;
mod policy;
#[cfg(test)]
mod tests;

pub use config::HedgeConfig;
pub use counts::HedgeStats;
pub use future::HedgeFuture;
pub use policy::Hedge;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/hedge.md")]
mod page {}
