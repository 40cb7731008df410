//! Pipelines whose policies are chosen at run time.

mod any;
mod slots;

pub use any::{AnyFuture, AnyPolicy};
pub use slots::{DynPipeline, TooManyPolicies};
