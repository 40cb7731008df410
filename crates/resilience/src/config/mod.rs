//! One configuration for all policies of a process: from files and the environment, by profile and by service, live.

mod changes;
mod document;
mod environment;
mod followers;
mod layer;
mod live;
mod merged;
mod origin;
mod problem;
mod profile;
mod reading;
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

// What `mainstay-cache` reads its own configuration with; no promise to anybody else.
#[doc(hidden)]
pub use environment::Environment;
#[doc(hidden)]
pub use merged::{Merged, innermost, text};
#[doc(hidden)]
pub use problem::resembling;
#[doc(hidden)]
pub use reading::Reading;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/configuration.md")]
mod page {}
