//! One policy a key, in bounded memory.

mod config;
mod error;
mod forgettable;
mod policy;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use config::KeyedConfig;
pub use error::KeyedError;
pub use forgettable::Forgettable;
pub use policy::Keyed;
pub use snapshot::KeyedSnapshot;
pub(crate) use table::{Insertion, Table};

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/keyed.md")]
mod page {}
