//! So many calls in so much time: GCRA, which is a leaky bucket kept in one word.

mod config;
mod future;
mod keyed;
mod meter;
mod pace;
mod policy;
mod rate;
#[cfg(test)]
mod tests;
mod word;

pub use config::RateLimitConfig;
pub use future::RateLimitFuture;
pub use keyed::{KeyLimit, KeyedRateLimit};
pub use policy::{RateLimit, RateLimitSnapshot};
pub use rate::Rate;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/rate-limit.md")]
mod page {}
