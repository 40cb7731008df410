//! A limit on how many calls run at once, with a bounded queue.

mod codel;
mod config;
mod discipline;
mod future;
mod label;
mod line;
#[cfg(all(test, mainstay_loom))]
mod loom;
mod place;
mod places;
mod policy;
mod priority;
mod queueing;
mod snapshot;
#[cfg(test)]
mod tests;
mod view;
mod word;

pub(crate) use line::Rules;
pub(crate) use place::Place;
pub(crate) use places::Places;
pub(crate) use priority::Shares;
pub(crate) use queueing::{Admission, Queueing, Refusal};
pub(crate) use word::MAX_LIMIT;

pub use config::BulkheadConfig;
pub use discipline::Discipline;
pub use future::BulkheadFuture;
pub use label::LabelSnapshot;
pub use policy::Bulkhead;
pub use priority::Priority;
pub use snapshot::BulkheadSnapshot;
pub use view::BulkheadView;

/// The page of the book, so that its examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/bulkhead.md")]
struct Page;
