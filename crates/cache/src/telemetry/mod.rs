//! A cache counted by the `metrics` facade.

mod audit;
mod catalogue;
mod layer;
mod metrics;
mod region;
#[cfg(test)]
mod tests;

pub use self::metrics::Metrics;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/cache/telemetry.md")]
mod page {}
