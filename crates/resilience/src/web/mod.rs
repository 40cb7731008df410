//! Middleware, problem bodies and health endpoints for [`axum`].

mod deadline;
mod health;
mod held_body;
mod load_shed;
mod problem;
mod request_id;
#[cfg(test)]
mod tests;
mod time_limits;

pub use deadline::{Deadline, pass_deadline};
pub use health::{Health, HealthSource, HealthStatus};
pub use load_shed::{LoadShed, LoadShedConfig, shed_load};
pub use problem::Problem;
pub use request_id::{REQUEST_ID, RequestId, identify};
pub use time_limits::{TimeLimits, limit_time};

#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../../../../docs/src/resilience/edges.md")]
struct Page;
