//! Trying again, with growing pauses.

mod backoff;
mod config;
mod future;
mod policy;
#[cfg(test)]
mod tests;

pub use config::{Jitter, RetryConfig};
pub use future::RetryFuture;
pub use policy::{Retry, RetryStats};
