//! What the attribute macros expand to; not for use by hand.

mod cached;
mod invalidations;
mod outcome;

pub use cached::{Cached, answer, cached, is_error};
pub use invalidations::{Invalidations, UnderWay};
pub use outcome::{AnyReturn, Outcome};
