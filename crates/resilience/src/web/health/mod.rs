//! What a service says of itself.

mod checks;
mod policies;
mod routes;
mod source;
mod sources;

pub use routes::Health;
pub use source::{HealthSource, HealthStatus};
