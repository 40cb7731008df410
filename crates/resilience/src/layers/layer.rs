use super::{OnAttempt, PolicyService};
use crate::{Attempt, StartsOnce};
use std::{marker::PhantomData, sync::Arc};
use tower_layer::Layer;

/// A policy, or a tuple of policies, as a [`tower_layer::Layer`].
///
/// The service it makes fails with [`Error<S::Error>`](crate::Error), and so do the attempts that policies see: an error of
/// the service is [`Error::Operation`](crate::Error::Operation), also one from its `poll_ready`. `poll_ready` itself only
/// forwards: nothing is decided or taken before the call's future is polled, so that an open circuit answers at once and a
/// place is never held by somebody who does not call. Where the inner service says when it is ready (a buffer, a limit of
/// tower's), the outer one therefore waits with it before any policy is asked; put
/// [`load_shed`](https://docs.rs/tower/0.5/tower/load_shed) around it to be answered at once.
///
/// A call allocates one box, whatever the number of policies. It clones the service twice, and the request for every
/// attempt; the first attempt calls the instance that was made ready, each further one waits until a clone of its own is.
///
/// ```
/// # use mainstay_resilience::{Bulkhead, BulkheadConfig, Retry, RetryConfig, Timeout, layers::PolicyLayer};
/// # use std::time::Duration;
/// # use tower::{Service, ServiceBuilder, ServiceExt};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policies = (
///     Timeout::new("valuer", Duration::from_secs(2))?,
///     Retry::new("valuer", RetryConfig::FAST)?,
///     Bulkhead::new("valuer", BulkheadConfig::EXTERNAL_API)?,
/// );
/// let valuer = tower::service_fn(|id: u64| async move { Ok::<_, std::io::Error>(id * 1_000) });
/// let mut guarded = ServiceBuilder::new().layer(PolicyLayer::new(policies)).service(valuer);
/// assert_eq!(guarded.ready().await?.call(850).await?, 850_000);
/// # Ok(())
/// # }
/// ```
pub struct PolicyLayer<P, M = Repeated, H = ()> {
    policy: Arc<P>,
    prepare: H,
    mode: PhantomData<fn() -> M>,
}

/// How a [`PolicyLayer`] hands out requests: a clone for each attempt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Repeated;

/// How a [`PolicyLayer`] hands out requests: a clone for each attempt, several of which may run side by side.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Idempotent;

/// How a [`PolicyLayer`] hands out requests: each moves into its only attempt, and need not be `Clone`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Moved;

impl<P> PolicyLayer<P> {
    /// A layer of `policy`, which all services made by it share. Requests must be `Clone`.
    pub fn new(policy: P) -> Self {
        Self::of(policy)
    }
}

impl<P: StartsOnce> PolicyLayer<P, Moved> {
    /// As [`new`](PolicyLayer::new), for a policy that calls at most once: requests are moved and not cloned, which is what
    /// a server's requests with their bodies need. Several such policies are several layers.
    pub fn once(policy: P) -> Self {
        Self::of(policy)
    }
}

impl<P> PolicyLayer<P, Idempotent> {
    /// As [`new`](PolicyLayer::new), for requests that may be served more than once, and more than once at a time, to the
    /// same effect: hedges take no other.
    pub fn idempotent(policy: P) -> Self {
        Self::of(policy)
    }
}

impl<P, M> PolicyLayer<P, M> {
    fn of(policy: P) -> Self {
        Self { policy: Arc::new(policy), prepare: (), mode: PhantomData }
    }

    /// Calls `prepare` with each attempt's request before it is made, to tell the other side which attempt it is and how
    /// much time is left.
    ///
    /// ```
    /// # use mainstay_resilience::{Timeout, layers::PolicyLayer, timeout::deadline};
    /// # use std::time::Duration;
    /// let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap();
    /// let layer = PolicyLayer::new(limit).on_attempt(|request: &mut Vec<(&str, String)>, attempt| {
    ///     if let Some(left) = attempt.time_left() {
    ///         request.push((deadline::TIMEOUT_MS, deadline::to_millis(left)));
    ///     }
    /// });
    /// ```
    pub fn on_attempt<Req, F: Fn(&mut Req, Attempt)>(self, prepare: F) -> PolicyLayer<P, M, OnAttempt<F>> {
        PolicyLayer { policy: self.policy, prepare: OnAttempt(prepare), mode: PhantomData }
    }
}

impl<P, M, H: Clone> Clone for PolicyLayer<P, M, H> {
    fn clone(&self) -> Self {
        Self { policy: self.policy.clone(), prepare: self.prepare.clone(), mode: PhantomData }
    }
}

impl<P, M, H> std::fmt::Debug for PolicyLayer<P, M, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PolicyLayer(..)")
    }
}

impl<P, M, H: Clone, S> Layer<S> for PolicyLayer<P, M, H> {
    type Service = PolicyService<P, S, M, H>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService { policy: self.policy.clone(), prepare: self.prepare.clone(), inner, mode: PhantomData }
    }
}
