//! One configuration for a whole cache: by profile, from files and the environment, checked at once, its times to live changed
//! while the process runs.

mod cache_config;
mod profile;

pub use cache_config::CacheConfig;
pub use profile::Profile;

#[cfg(feature = "config")]
mod document;
#[cfg(feature = "config")]
mod live;
#[cfg(feature = "config")]
mod load;
#[cfg(feature = "config")]
mod section;

#[cfg(feature = "config")]
pub use live::{Changes, LiveConfig};
#[cfg(feature = "config")]
pub use mainstay_resilience::config::{Format, LoadError, LoadProblem, Origin, Sources};

/// The page of the book, its programs run as tests.
#[cfg(all(doctest, feature = "config"))]
#[doc = include_str!("../../../../docs/src/cache/configuration.md")]
mod page {}
