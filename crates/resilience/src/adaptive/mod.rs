//! A limit on concurrency that finds itself, by measuring what calls take.

mod aimd;
mod algorithm;
mod classify;
mod config;
mod controller;
mod future;
mod gradient;
mod mean;
mod policy;
mod probe;
mod shares;
mod snapshot;
#[cfg(test)]
mod tests;
mod vegas;
mod view;
mod window;

pub use algorithm::Algorithm;
pub use classify::Overloads;
pub use config::AdaptiveConfig;
pub use future::AdaptiveFuture;
pub use policy::AdaptiveLimit;
pub use shares::PriorityShares;
pub use snapshot::AdaptiveSnapshot;
pub use view::AdaptiveView;

/// The page of the book, so that its examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/adaptive.md")]
struct Page;
