//! The pool's behaviour, on tokio's paused clock.
#![allow(clippy::unwrap_used, missing_docs)]

mod cancellation;
mod checking;
mod closing;
mod config;
#[cfg(feature = "config")]
mod config_source;
mod connecting;
mod fake;
mod line;
mod outages;
mod panics;
mod random_steps;
mod resizing;
mod retiring;
mod returning;
