//! Tuples of policies, and what can be said of them before they run.

mod arities;
mod bound;
mod describe;
mod dynamic;
mod lint;
mod named;
mod optional;
mod stage;
#[cfg(test)]
mod tests;
mod tuples;

pub(crate) use arities::for_each_arity;
pub use bound::Bound;
pub use describe::Describe;
pub use dynamic::{AnyFuture, AnyPolicy, DynPipeline, TooManyPolicies};
pub use lint::{OrderRule, Warning};
pub use named::{Pipeline, PipelineFuture};
pub use optional::OptionalFuture;
pub use stage::Stage;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/resilience/pipeline.md")]
mod page {}
