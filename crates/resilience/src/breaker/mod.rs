//! A circuit breaker: after too many failures it stops calling, and finds out by probes when to start again.

mod cause;
mod config;
mod control;
mod core;
mod explain;
mod future;
mod gate;
mod handle;
mod history;
mod lease;
mod limits;
#[cfg(all(test, mainstay_loom))]
mod loom;
mod permit;
mod policy;
mod registry;
mod settings;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod transition;
mod window;
mod word;

pub use cause::Cause;
pub use config::{BreakerConfig, Window};
pub use control::ManualControl;
pub use explain::Explanation;
pub use future::BreakerFuture;
pub use handle::BreakerHandle;
pub use policy::CircuitBreaker;
pub use registry::CircuitBreakerRegistry;
pub use snapshot::BreakerSnapshot;
pub use state::State;
pub use transition::Transition;
pub use window::Tally;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/breaker.md")]
mod page {}
