//! Watching whether the layers agree: a background sample of memory against Redis against the source.

mod audit;
mod config;
mod finding;
mod handle;
mod inspector;
mod ledger;
mod look;
mod report;
mod source;

pub use config::AuditConfig;
pub use finding::{Audited, Finding, Incoherence, Side};
pub use handle::Auditor;
pub(crate) use inspector::Inspector;
#[cfg(feature = "metrics")]
pub(crate) use ledger::Ledger;
pub use report::AuditReport;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/cache/auditor.md")]
mod page {}
