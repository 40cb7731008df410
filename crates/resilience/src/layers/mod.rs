//! Policies as [`tower`](https://docs.rs/tower) layers.

mod attempts;
mod boxed;
mod layer;
mod prepare;
mod requests;
mod service;
#[cfg(test)]
mod tests;

pub use attempts::{Attempts, ServiceAttempt};
pub use boxed::{BoxError, Boxed};
pub use layer::{Idempotent, Moved, PolicyLayer, Repeated};
pub use prepare::{OnAttempt, Prepare};
pub use requests::{OneRequest, RepeatedRequest, Requests};
pub use service::{PolicyService, ServiceFuture};
