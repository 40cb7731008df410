//! The pool's behaviour, on tokio's paused clock.
#![allow(clippy::unwrap_used, missing_docs)]

mod affinity;
mod cancellation;
mod checking;
mod clock;
mod closing;
mod config;
#[cfg(feature = "config")]
mod config_source;
mod connecting;
mod evicting;
mod fake;
mod hooks;
mod lanes;
mod leaks;
mod line;
mod matrix;
mod monitoring;
mod observing;
mod outages;
mod panics;
mod random_steps;
mod reconfiguring;
mod resizing;
mod retiring;
mod returning;
mod sizing;
mod suspending;
mod watching;
