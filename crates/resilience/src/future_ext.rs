use crate::{Attempt, Error, Lift, Operation, Policy};
use std::cell::Cell;

/// A future as an operation that can be started once.
pub struct Once<Fut>(Cell<Option<Fut>>);

impl<Fut> std::fmt::Debug for Once<Fut> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Once(..)")
    }
}

impl<T, E, Fut: Future<Output = Result<T, E>>> Operation for Once<Fut> {
    type Value = T;
    type Error = E;
    type Future = Lift<Fut>;
    // A future is here once, and gone with the attempt it was made into.
    const RESTARTS: bool = false;

    #[inline]
    fn start(&self, _attempt: Attempt) -> Self::Future {
        Lift::new(
            self.0.take().expect("a policy that implements `StartsOnce` starts its operation at most once"),
        )
    }
}

/// A policy that starts what is inside it at most once, so that a future serves where others need a closure.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may start an operation more than once, and a future can be run only once",
    note = "pass a closure: `policy.call(|| async move {{ .. }})`"
)]
pub trait StartsOnce {}

impl<P: StartsOnce + ?Sized> StartsOnce for &P {}
impl<P: StartsOnce + ?Sized> StartsOnce for std::sync::Arc<P> {}
impl<P: StartsOnce> StartsOnce for Option<P> {}

/// A future put under one policy.
///
/// ```
/// # use mainstay_resilience::{FutureExt, Timeout};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap();
/// let answer = async { Ok::<_, std::io::Error>(850_000) }.under(&limit).await;
/// assert_eq!(answer.unwrap(), 850_000);
/// # }
/// ```
pub trait FutureExt<T, E>: Future<Output = Result<T, E>> + Sized {
    /// Runs this future under `policy`; nothing happens before the first poll.
    ///
    /// # Errors
    /// [`Error::Operation`] with the future's own error, or the policy that stepped in.
    ///
    /// # Cancel safety
    /// Dropping it drops this future and gives back what the policy held for it.
    fn under<P>(self, policy: P) -> impl Future<Output = Result<T, Error<E>>>
    where
        P: StartsOnce + Policy<Once<Self>>,
    {
        self.under_within(policy, Attempt::first())
    }

    /// As [`under`](Self::under), as part of a call that stands at `attempt`: with what is left of its deadline.
    ///
    /// # Errors
    /// As [`under`](Self::under).
    ///
    /// # Cancel safety
    /// As [`under`](Self::under).
    fn under_within<P>(self, policy: P, attempt: Attempt) -> impl Future<Output = Result<T, Error<E>>>
    where
        P: StartsOnce + Policy<Once<Self>>,
    {
        policy.run(Once(Cell::new(Some(self))), attempt)
    }
}

impl<T, E, Fut: Future<Output = Result<T, E>>> FutureExt<T, E> for Fut {}
