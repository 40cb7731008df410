//! A set of endpoints from which those that fail while others do not are taken out for a time.

mod chosen;
mod config;
mod explain;
mod future;
mod limits;
mod member;
mod membership;
mod operation;
mod policy;
mod set;
mod snapshot;
#[cfg(test)]
mod tests;
mod under;
mod window;

pub use chosen::{Chosen, NoEndpoint};
pub use config::{OutliersConfig, Strategy, WhenNone};
pub use explain::{Cause, EndpointReport, Standing};
pub use future::EndpointFuture;
pub use operation::EndpointCall;
pub use policy::Outliers;
pub use snapshot::OutliersSnapshot;
pub use under::Under;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/outliers.md")]
mod page {}
