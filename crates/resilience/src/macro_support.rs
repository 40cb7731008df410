//! What the attribute macros expand to; not for use by hand.

use crate::{Error, Retry, RetryConfig};

/// What a guarded function returns, taken apart.
#[diagnostic::on_unimplemented(
    message = "a guarded function cannot return `{Self}`",
    label = "must be `Result<T, mainstay_resilience::Error<E>>`",
    note = "callers get what the signature says; the body answers `Result<T, E>`, and each attempt of it is guarded"
)]
pub trait Guarded {
    /// What a success carries.
    type Value;
    /// The body's own error.
    type Error;
}

impl<T, E> Guarded for Result<T, Error<E>> {
    type Value = T;
    type Error = E;
}

/// What the body of a function that returns `R` answers.
pub type Answer<R> = Result<<R as Guarded>::Value, <R as Guarded>::Error>;

/// A function's body. The compiler shows the line of the bound to whoever breaks it.
pub fn runs_once_an_attempt<F, Fut>(body: F) -> F
where
    F: Fn() -> Fut, // list the arguments that the body consumes or changes in `clone(..)`
{
    body
}

/// The retry of one function.
///
/// # Panics
/// If `config` is out of range, with what is wrong in it: at the function's first call.
pub fn retry(name: &'static str, config: RetryConfig) -> Retry {
    Retry::new(name, config).unwrap_or_else(|wrong| panic!("#[with_retry]: {wrong}"))
}

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/resilience/macros.md")]
mod page {}
