//! One configuration for all policies of a process: from files and the environment, by profile and by service, live.

mod changes;
mod document;
mod layer;
mod live;
mod origin;
mod problem;
mod profile;
mod reconfigure;
mod resilience;
#[cfg(feature = "schema")]
mod schema;
mod service;
mod sources;
#[cfg(test)]
mod tests;
mod well_known;

pub use changes::{Change, Changes};
pub use live::{LiveConfig, ReloadError};
pub use origin::Origin;
pub use problem::{LoadError, LoadProblem};
pub use profile::Profile;
pub use reconfigure::Reconfigure;
pub use resilience::ResilienceConfig;
#[cfg(feature = "schema")]
pub use schema::schema;
pub use service::ServiceConfig;
pub use sources::{Format, Sources};

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/configuration.md")]
mod page {}
