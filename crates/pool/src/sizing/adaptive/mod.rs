mod cap;
mod config;
mod controller;
mod decision;
mod need;
mod sample;
mod sizer;
#[cfg(test)]
mod tests;

pub use config::AdaptiveConfig;
pub use controller::Controller;
pub use decision::{Decision, Reason};
pub use sample::Sample;
pub use sizer::Sizer;
