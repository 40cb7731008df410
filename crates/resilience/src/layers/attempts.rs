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

impl<'c, S, R, H> Operation for Attempts<'c, S, R, H>
where
    R: Requests,
    S: Service<R::Request> + Clone,
    H: Prepare<R::Request>,
{
    type Value = S::Response;
    type Error = S::Error;
    type Future = ServiceAttempt<'c, S, R, H>;

    fn start(&self, attempt: Attempt) -> Self::Future {
        ServiceAttempt { attempts: *self, attempt, waiting: None, future: None }
    }
}

struct Waiting<S, Req> {
    service: S,
    is_ready: bool,
    request: Req,
}

pin_project! {
    /// One attempt: takes its request, waits until its instance of the service is ready, then calls it.
    ///
    /// # Cancel safety
    /// Dropping it drops the instance and the service's future; never polled, it has taken neither.
    #[allow(missing_debug_implementations, reason = "holds a service of the user's")]
    pub struct ServiceAttempt<'c, S: Service<R::Request>, R: Requests, H> {
        attempts: Attempts<'c, S, R, H>,
        attempt: Attempt,
        waiting: Option<Waiting<S, R::Request>>,
        #[pin]
        future: Option<S::Future>,
    }
}

impl<S, R, H> Attempts<'_, S, R, H>
where
    R: Requests,
    S: Service<R::Request> + Clone,
    H: Prepare<R::Request>,
{
    fn draw(self, attempt: Attempt) -> Waiting<S, R::Request> {
        let mut waiting = {
            let mut parts = self.parts.lock();
            let request = parts.requests.next();
            match parts.readied.take() {
                Some(service) => Waiting { service, is_ready: true, request },
                None => Waiting { service: parts.fresh.clone(), is_ready: false, request },
            }
        };
        self.prepare.prepare(&mut waiting.request, attempt);
        waiting
    }
}

impl<S, R, H> Future for ServiceAttempt<'_, S, R, H>
where
    R: Requests,
    S: Service<R::Request> + Clone,
    H: Prepare<R::Request>,
{
    type Output = Result<S::Response, Error<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.future.is_none() {
            let mut waiting = match this.waiting.take() {
                Some(waiting) => waiting,
                None => this.attempts.draw(*this.attempt),
            };
            if !waiting.is_ready {
                let Poll::Ready(is_ready) = waiting.service.poll_ready(cx) else {
                    *this.waiting = Some(waiting);
                    return Poll::Pending;
                };
                is_ready.map_err(Error::Operation)?;
            }
            this.future.set(Some(waiting.service.call(waiting.request)));
        }
        let future = this.future.as_mut().as_pin_mut().expect("set above");
        let outcome = ready!(future.poll(cx));
        // What it held is free with its outcome, and not only once a retry has paused.
        this.future.set(None);
        Poll::Ready(outcome.map_err(Error::Operation))
    }
}
