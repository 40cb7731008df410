//! A circuit breaker: after enough failures in a row it stops calling, and finds out by probes when to start again.

mod config;
mod future;
mod gate;
#[cfg(all(test, mainstay_loom))]
mod loom;
mod policy;
#[cfg(test)]
mod tests;
mod word;

pub use config::BreakerConfig;
pub use future::BreakerFuture;
pub use policy::{BreakerSnapshot, CircuitBreaker};
pub use word::State;
