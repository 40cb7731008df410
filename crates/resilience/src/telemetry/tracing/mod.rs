//! Policies heard by `tracing`.

mod observer;
#[cfg(test)]
mod tests;

pub use observer::Tracing;
