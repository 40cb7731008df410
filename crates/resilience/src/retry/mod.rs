//! Trying again, with growing pauses.

mod asked;
mod backoff;
mod config;
mod counts;
mod entries;
mod future;
mod jitter;
mod notify;
mod policy;
mod series;
mod state;
#[cfg(test)]
mod tests;
mod timer;

pub use asked::Asked;
pub use backoff::Backoff;
pub use config::RetryConfig;
pub use counts::RetryStats;
pub use future::RetryFuture;
pub use jitter::Jitter;
pub use notify::Notify;
pub use policy::Retry;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/retry.md")]
mod page {}
