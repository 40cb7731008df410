mod cap;
mod config;
mod controller;
mod decision;
mod need;
mod sample;


pub use config::AdaptiveConfig;
pub use controller::Controller;
pub use decision::{Decision, Reason};
pub use sample::Sample;
