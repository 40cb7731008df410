//! Sets of replicas, on tokio's paused clock.
#![allow(clippy::unwrap_used, missing_docs)]

mod config;
mod ejecting;
mod failover;
mod fake;
mod membership;
mod routing;
