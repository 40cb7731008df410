//! What the attribute macros expand to; not for use by hand.

mod cached;
mod invalidations;
mod outcome;

pub use cached::{Cached, answer, cached, is_error};
pub use invalidations::{Invalidations, UnderWay};
pub use outcome::{AnyReturn, Outcome};

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/cache/macros.md")]
mod page {}
