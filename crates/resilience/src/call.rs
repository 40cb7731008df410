use crate::{AssertIdempotent, Attempt, Begin, Error, Lazy, Operation, Policy};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The caller's closure as an operation, by reference: copied freely, started as often as needed.
pub struct Call<'a, F>(&'a F);

/// As [`Call`], for a closure that wants to know which [`Attempt`] it is.
pub struct CallWith<'a, F>(&'a F);

macro_rules! by_reference {
    ($($name:ident),*) => {$(
        impl<F> Clone for $name<'_, F> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<F> Copy for $name<'_, F> {}
        impl<F> std::fmt::Debug for $name<'_, F> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
by_reference!(Call, CallWith);

impl<'a, F> Call<'a, F> {
    #[inline]
    pub(crate) fn new(operation: &'a F) -> Self {
        Self(operation)
    }
}

pin_project! {
    /// The operation's own future, its error lifted into [`Error::Operation`].
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct Lift<Fut> { #[pin] future: Fut }
}

impl<Fut> Lift<Fut> {
    #[inline]
    pub(crate) fn new(future: Fut) -> Self {
        Self { future }
    }
}

impl<T, E, Fut: Future<Output = Result<T, E>>> Future for Lift<Fut> {
    type Output = Result<T, Error<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(|outcome| outcome.map_err(Error::Operation))
    }
}

impl<F: Fn() -> Fut, Fut> Begin for Call<'_, F> {
    type Future = Fut;

    #[inline]
    fn begin(self) -> Fut {
        (self.0)()
    }
}

impl<'a, F, Fut, T, E> Operation for Call<'a, F>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Value = T;
    type Error = E;
    type Future = Lazy<Self>;

    #[inline]
    fn start(&self, _attempt: Attempt) -> Self::Future {
        Lazy::Unbegun { begin: *self }
    }
}

/// A [`CallWith`] and the attempt it is to be told of.
pub struct Told<'a, F> {
    operation: CallWith<'a, F>,
    attempt: Attempt,
}

impl<F> Clone for Told<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Told<'_, F> {}

impl<F> std::fmt::Debug for Told<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Told").field(&self.attempt).finish()
    }
}

impl<F: Fn(Attempt) -> Fut, Fut> Begin for Told<'_, F> {
    type Future = Fut;

    #[inline]
    fn begin(self) -> Fut {
        (self.operation.0)(self.attempt)
    }
}

impl<'a, F, Fut, T, E> Operation for CallWith<'a, F>
where
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Value = T;
    type Error = E;
    type Future = Lazy<Told<'a, F>>;

    #[inline]
    fn start(&self, attempt: Attempt) -> Self::Future {
        Lazy::Unbegun { begin: Told { operation: *self, attempt } }
    }
}

/// Runs closures under a policy or a tuple of policies.
///
/// For a policy of your own: `impl PolicyExt for MyPolicy {}`. It is not implemented for all types, since its `call` would
/// then stand in the way of every other `call` in scope, tower's first of all.
pub trait PolicyExt {
    /// Runs `operation` under this policy; nothing happens before the first poll.
    ///
    /// # Errors
    /// [`Error::Operation`] with the operation's own error, or the policy that stepped in.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the attempt and gives back every place, probe and permit it held.
    fn call<'p, F, Fut, T, E>(&'p self, operation: F) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        for<'f> &'p Self: Policy<Call<'f, F>>,
    {
        async move { self.run(Call(&operation), Attempt::first()).await }
    }

    /// As [`call`](Self::call), telling the closure which [`Attempt`] it is.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    fn call_with<'p, F, Fut, T, E>(&'p self, operation: F) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        for<'f> &'p Self: Policy<CallWith<'f, F>>,
    {
        async move { self.run(CallWith(&operation), Attempt::first()).await }
    }

    /// As [`call`](Self::call), for an operation that may run more than once at a time to the same effect: a read, or a
    /// write that carries a key by which its second coming is known. Hedges take no other.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    fn call_idempotent<'p, F, Fut, T, E>(&'p self, operation: F) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        for<'f> &'p Self: Policy<AssertIdempotent<Call<'f, F>>>,
    {
        async move { self.run(AssertIdempotent(Call(&operation)), Attempt::first()).await }
    }

    /// As [`call_idempotent`](Self::call_idempotent), telling the closure which [`Attempt`] it is.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    fn call_idempotent_with<'p, F, Fut, T, E>(
        &'p self,
        operation: F,
    ) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        for<'f> &'p Self: Policy<AssertIdempotent<CallWith<'f, F>>>,
    {
        async move { self.run(AssertIdempotent(CallWith(&operation)), Attempt::first()).await }
    }

    /// Runs `operation` as part of a call that stands at `attempt`: with what is left of its deadline.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    fn call_within<'p, F, Fut, T, E>(
        &'p self,
        attempt: Attempt,
        operation: F,
    ) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        for<'f> &'p Self: Policy<CallWith<'f, F>>,
    {
        async move { self.run(CallWith(&operation), attempt).await }
    }
}

impl<P: PolicyExt + ?Sized> PolicyExt for &P {}
impl<P: PolicyExt + ?Sized> PolicyExt for Arc<P> {}
impl<P: PolicyExt> PolicyExt for Option<P> {}
impl PolicyExt for () {}
