use super::{Prepare, Requests};
use crate::{Attempt, Error, Operation};
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_service::Service;

/// One call of a service as an operation: each attempt has an instance of the service and a request of its own.
pub struct Attempts<'c, S, R, H> {
    pub(super) parts: &'c Mutex<Parts<S, R>>,
    pub(super) prepare: &'c H,
}

/// What the attempts of one call draw from. The lock is nobody else's and is never contended: it is there so that a
/// service and a request need not be `Sync`.
pub(super) struct Parts<S, R> {
    /// The instance whose `poll_ready` was driven by whoever made the call: the first attempt's.
    pub(super) readied: Option<S>,
    /// Cloned for every further attempt, which then waits until its clone is ready.
    pub(super) fresh: S,
    pub(super) requests: R,
}

impl<S, R, H> Clone for Attempts<'_, S, R, H> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S, R, H> Copy for Attempts<'_, S, R, H> {}

impl<S, R, H> std::fmt::Debug for Attempts<'_, S, R, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempts(..)")
    }
}

impl<S, R, H> Operation for Attempts<'_, S, R, H>
where
    R: Requests,
    S: Service<R::Request> + Clone,
    H: Prepare<R::Request>,
{
    type Value = S::Response;
    type Error = S::Error;
    type Future = ServiceAttempt<S, R::Request>;

    fn start(&self, attempt: Attempt) -> Self::Future {
        let (service, is_ready, mut request) = {
            let mut parts = self.parts.lock();
            let request = parts.requests.next();
            match parts.readied.take() {
                Some(service) => (service, true, request),
                None => (parts.fresh.clone(), false, request),
            }
        };
        self.prepare.prepare(&mut request, attempt);
        ServiceAttempt { waiting: Some(Waiting { service, is_ready, request }), future: None }
    }
}

struct Waiting<S, Req> {
    service: S,
    is_ready: bool,
    request: Req,
}

pin_project! {
    /// One attempt: waits until its instance of the service is ready, then calls it.
    ///
    /// # Cancel safety
    /// Dropping it drops the instance and the service's future.
    #[allow(missing_debug_implementations, reason = "holds a service of the user's")]
    pub struct ServiceAttempt<S: Service<Req>, Req> {
        waiting: Option<Waiting<S, Req>>,
        #[pin]
        future: Option<S::Future>,
    }
}

impl<S: Service<Req>, Req> Future for ServiceAttempt<S, Req> {
    type Output = Result<S::Response, Error<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(waiting) = this.waiting.as_mut() {
            if !waiting.is_ready {
                ready!(waiting.service.poll_ready(cx)).map_err(Error::Operation)?;
            }
            let mut waiting = this.waiting.take().expect("it was there a moment ago");
            this.future.set(Some(waiting.service.call(waiting.request)));
        }
        let future = this.future.as_mut().as_pin_mut().expect("not polled after it was ready");
        let outcome = ready!(future.poll(cx));
        // What it held is free with its outcome, and not only once a retry has paused.
        this.future.set(None);
        Poll::Ready(outcome.map_err(Error::Operation))
    }
}
