//! A limit on how long a call may take: of one call, of every endpoint, and of callers further out.

mod config;
pub mod deadline;
mod endpoints;
mod future;
mod policy;
#[cfg(test)]
mod tests;
mod tracker;

pub use config::TimeoutConfig;
pub use endpoints::{EndpointConfig, EndpointTimeouts, EndpointTimeoutsConfig};
pub use future::TimeoutFuture;
pub use policy::Timeout;
pub use tracker::{Ending, EndpointStats, OTHER, SlowCall, Timing, Tracker, TrackerConfig};

#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/timeout.md")]
struct Page;
