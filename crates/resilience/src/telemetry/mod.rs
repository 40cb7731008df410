//! What policies tell those who watch them.

mod event;
#[cfg(feature = "metrics")]
mod metrics;
mod observer;
mod policy_id;
#[cfg(all(test, any(feature = "metrics", feature = "tracing")))]
mod script;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
#[cfg(feature = "tracing")]
pub use self::tracing::Tracing;
pub use event::Event;
pub use observer::{Observer, OnEvent};
pub use policy_id::{PolicyId, PolicyKind};

/// The page of the book, its programs run as tests.
#[cfg(all(doctest, feature = "metrics", feature = "tracing"))]
#[doc = include_str!("../../../../docs/src/resilience/telemetry.md")]
mod page {}
