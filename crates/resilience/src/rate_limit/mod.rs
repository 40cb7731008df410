//! So many calls in so much time: GCRA, which is a leaky bucket kept in one word.

mod config;
mod future;
mod key_limit;
mod keyed;
mod meter;
mod pace;
mod policy;
mod rate;
mod snapshot;
#[cfg(test)]
mod tests;
mod waiting;
mod word;

pub use config::RateLimitConfig;
pub use future::RateLimitFuture;
pub use key_limit::KeyLimit;
pub use keyed::KeyedRateLimit;
pub use policy::RateLimit;
pub use rate::Rate;
pub use snapshot::RateLimitSnapshot;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/rate-limit.md")]
mod page {}
