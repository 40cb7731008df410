//! How many connections are enough: by formula, or found out while running.

mod adaptive;
mod formula;
#[cfg(feature = "sim")]
pub mod simulator;

pub use adaptive::{AdaptiveConfig, Controller, Decision, Reason, Sample, Sizer};
pub use formula::{deadlock_floor, recommended_size};
