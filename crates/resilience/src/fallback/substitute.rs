use crate::{Error, Lift};
use std::future::{Ready, ready};

/// What stands in for a failed operation.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in for an operation that answers `{T}`",
    note = "say what the fallback answers: `.to(value)`, `.to_computed(|error| ..)` or `.to_call(|error| async move {{ .. }})`"
)]
pub trait Substitute<T, E> {
    /// The other answer.
    type Future: Future<Output = Result<T, Error<E>>>;

    /// Begins to answer instead of `error`.
    fn stand_in(&self, error: &Error<E>) -> Self::Future;
}

/// A value that is cloned for each failed call.
#[derive(Clone, Copy, Debug)]
pub struct Value<T>(pub(super) T);

impl<T: Clone, E> Substitute<T, E> for Value<T> {
    type Future = Ready<Result<T, Error<E>>>;

    fn stand_in(&self, _error: &Error<E>) -> Self::Future {
        ready(Ok(self.0.clone()))
    }
}

/// A closure that makes a value of the error.
#[derive(Clone, Copy)]
pub struct Computed<F>(pub(super) F);

impl<T, E, F: Fn(&Error<E>) -> T> Substitute<T, E> for Computed<F> {
    type Future = Ready<Result<T, Error<E>>>;

    fn stand_in(&self, error: &Error<E>) -> Self::Future {
        ready(Ok((self.0)(error)))
    }
}

/// Another operation, told of the error.
#[derive(Clone, Copy)]
pub struct Calling<F>(pub(super) F);

impl<T, E, F, Fut> Substitute<T, E> for Calling<F>
where
    F: Fn(&Error<E>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Future = Lift<Fut>;

    fn stand_in(&self, error: &Error<E>) -> Self::Future {
        Lift::new((self.0)(error))
    }
}

/// Another operation that is itself under policies, told of the error.
#[derive(Clone, Copy)]
pub struct CallingGuarded<F>(pub(super) F);

impl<T, E, F, Fut> Substitute<T, E> for CallingGuarded<F>
where
    F: Fn(&Error<E>) -> Fut,
    Fut: Future<Output = Result<T, Error<E>>>,
{
    type Future = Fut;

    fn stand_in(&self, error: &Error<E>) -> Self::Future {
        (self.0)(error)
    }
}

macro_rules! named {
    ($($name:ident),*) => {$(
        impl<F> std::fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
named!(Computed, Calling, CallingGuarded);
