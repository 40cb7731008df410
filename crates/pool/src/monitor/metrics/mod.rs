//! A pool counted by the `metrics` facade.

mod catalogue;
mod observer;
#[cfg(test)]
mod tests;

pub use observer::Metrics;
