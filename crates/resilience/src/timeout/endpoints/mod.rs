//! Which endpoint may take how long.

mod config;
mod policy;
mod table;

pub use config::{EndpointConfig, EndpointTimeoutsConfig};
pub use policy::EndpointTimeouts;
