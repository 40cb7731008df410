//! A cache counted by the `metrics` facade.

mod catalogue;
mod layer;
mod metrics;
mod region;
#[cfg(test)]
mod tests;

pub use self::metrics::Metrics;
