//! A limit on how many calls run at once, with a bounded queue.

mod config;
mod future;
mod policy;
mod queue;
#[cfg(test)]
mod tests;

pub use config::BulkheadConfig;
pub use future::BulkheadFuture;
pub use policy::{Bulkhead, BulkheadSnapshot};
