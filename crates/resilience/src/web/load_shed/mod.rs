//! A bound on the requests in flight.

mod config;
mod policy;

pub use config::LoadShedConfig;
pub use policy::{LoadShed, shed_load};
