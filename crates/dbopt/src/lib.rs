#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

mod dialect;
mod finding;
pub mod indexes;
pub mod keyset;
pub mod query;
mod report;
mod skipped;

pub use dialect::Dialect;
pub use finding::{Confidence, Evidence, Finding, Fix, LockLevel, Place, Severity};
pub use report::Report;
pub use skipped::{SkipReason, Skipped};
