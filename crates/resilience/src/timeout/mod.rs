//! A limit on how long a call may take.

mod config;
mod future;
mod policy;
#[cfg(test)]
mod tests;

pub use config::TimeoutConfig;
pub use future::TimeoutFuture;
pub use policy::Timeout;
