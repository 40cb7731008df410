//! Policies counted by the `metrics` facade.

mod catalogue;
mod counter;
mod handles;
mod observer;
#[cfg(test)]
mod tests;

pub use observer::Metrics;
