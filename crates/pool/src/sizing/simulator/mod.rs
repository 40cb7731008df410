//! A pool before a server that slows down when crowded, in virtual time: what a way of sizing does, seen before it meets a database.
//!
//! Callers arrive at random, wait in line for a connection and give up after a while. The server works on everything at once, and up to
//! its *knee* at full speed. Beyond it, its throughput falls with every connection more. Seeded and without a clock: the same scenario
//! ends the same.
//!
//! ```
//! use mainstay_pool::sizing::AdaptiveConfig;
//! use mainstay_pool::sizing::simulator::{Scenario, Strategy};
//!
//! let scenario = Scenario::burst(7);
//! let fixed = scenario.run(&Strategy::Fixed(100));
//! let adaptive = scenario.run(&Strategy::Adaptive(AdaptiveConfig::default().max(100)));
//! assert!(fixed.recovery.is_none(), "crowded by the burst, and crowded ever after: {fixed}");
//! assert!(adaptive.recovery.is_some(), "{adaptive}");
//! ```
//!
//! `cargo run --release -p mainstay-pool --features sim --example sizing_simulator` prints strategies side by side.

mod callers;
mod outcome;
mod run;
mod scenario;
mod server;
mod strategy;
#[cfg(test)]
mod tests;

pub use callers::Callers;
pub use outcome::Outcome;
pub use scenario::Scenario;
pub use server::Server;
pub use strategy::Strategy;
