use super::{Attempts, Idempotent, Moved, OneRequest, Prepare, Repeated, RepeatedRequest, attempts::Parts};
use crate::{AssertIdempotent, Attempt, Error, Policy, StartsOnce};
use parking_lot::Mutex;
use std::{
    marker::PhantomData,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// A service behind a policy; made by a [`PolicyLayer`](super::PolicyLayer).
pub struct PolicyService<P, S, M = Repeated, H = ()> {
    pub(super) policy: Arc<P>,
    pub(super) prepare: H,
    pub(super) inner: S,
    pub(super) mode: PhantomData<fn() -> M>,
}

/// A call of a [`PolicyService`].
///
/// # Cancel safety
/// Dropping it cancels the attempt and gives back every place, probe and permit it held.
pub type ServiceFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, Error<E>>> + Send>>;

impl<P, S, M, H> PolicyService<P, S, M, H> {
    /// The instance that will be called next, made ready or not; and one to be called after it.
    fn instances(&mut self) -> (S, S)
    where
        S: Clone,
    {
        let fresh = self.inner.clone();
        (mem::replace(&mut self.inner, fresh.clone()), fresh)
    }
}

/// Implements [`Service`] for one way of handing out requests.
macro_rules! service {
    ($mode:ident, [$($bounds:tt)*], [$($policy:tt)*], $requests:ident, |$attempts:ident| $op:ty = $wrapped:expr) => {
        impl<P, S, Req, H> Service<Req> for PolicyService<P, S, $mode, H>
        where
            P: $($policy)* Send + Sync + 'static,
            S: Service<Req> + Clone + Send + 'static,
            S::Future: Send,
            Req: $($bounds)* Send + 'static,
            H: Prepare<Req> + Clone + Send + Sync + 'static,
            for<'p, 'c> &'p P: Policy<$op, Future: Send>,
        {
            type Response = S::Response;
            type Error = Error<S::Error>;
            type Future = ServiceFuture<S::Response, S::Error>;

            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
                self.inner.poll_ready(cx).map_err(Error::Operation)
            }

            fn call(&mut self, request: Req) -> Self::Future {
                let (readied, fresh) = self.instances();
                let (policy, prepare) = (self.policy.clone(), self.prepare.clone());
                let requests = $requests::new(request);
                Box::pin(async move {
                    let parts = Mutex::new(Parts { readied: Some(readied), fresh, requests });
                    let $attempts = Attempts { parts: &parts, prepare: &prepare };
                    (&*policy).run($wrapped, Attempt::first()).await
                })
            }
        }
    };
}

service!(Repeated, [Clone +], [], RepeatedRequest,
    |attempts| Attempts<'c, S, RepeatedRequest<Req>, H> = attempts);
service!(Idempotent, [Clone +], [], RepeatedRequest,
    |attempts| AssertIdempotent<Attempts<'c, S, RepeatedRequest<Req>, H>> = AssertIdempotent(attempts));
service!(Moved, [], [StartsOnce +], OneRequest,
    |attempts| Attempts<'c, S, OneRequest<Req>, H> = attempts);

impl<P, S: Clone, M, H: Clone> Clone for PolicyService<P, S, M, H> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            prepare: self.prepare.clone(),
            inner: self.inner.clone(),
            mode: PhantomData,
        }
    }
}

impl<P, S, M, H> std::fmt::Debug for PolicyService<P, S, M, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PolicyService(..)")
    }
}
