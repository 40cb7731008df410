//! Tuples of policies, and a policy that may be absent.

mod optional;
mod tuples;

pub use optional::OptionalFuture;
