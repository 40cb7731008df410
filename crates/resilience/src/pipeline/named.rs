use super::{Describe, Stage};
use crate::{
    Attempt, Error, Operation, Policy, PolicyExt, Verdict,
    telemetry::{Event, Observer, PolicyId, PolicyKind},
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::time::Instant;

/// A pipeline with a name: policies, and an observer that hears how each call as a whole ended.
///
/// ```
/// # use mainstay_resilience::{Describe, Pipeline, PolicyExt, Retry, RetryConfig, Timeout};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let valuer = Pipeline::new(
///     "valuer",
///     (Timeout::new("valuer", Duration::from_secs(2))?, Retry::new("valuer", RetryConfig::FAST)?),
/// );
/// assert_eq!(valuer.bound().to_string(), "at most 3 attempts within 2s");
/// assert_eq!(valuer.call(|| async { Ok::<_, std::io::Error>(850_000) }).await?, 850_000);
/// # Ok(())
/// # }
/// ```
pub struct Pipeline<P, O = ()> {
    id: PolicyId,
    policies: P,
    observer: O,
    timed: bool,
}

impl<P> Pipeline<P> {
    /// Names a policy or a tuple of them, outermost first.
    pub fn new(name: impl Into<Arc<str>>, policies: P) -> Self {
        Self { id: PolicyId::new(PolicyKind::Pipeline, name), policies, observer: (), timed: false }
    }
}

impl<P, O> Pipeline<P, O> {
    /// Tells `observer` how each call ended: [`Event::Ended`] and, if it had to be waited for, [`Event::Took`].
    pub fn observe<Q: Observer>(self, mut observer: Q) -> Pipeline<P, Q> {
        observer.attach(&self.id);
        Pipeline { id: self.id, policies: self.policies, observer, timed: true }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it is made of.
    pub fn policies(&self) -> &P {
        &self.policies
    }
}

impl<P, O> std::fmt::Debug for Pipeline<P, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("name", &self.id.name).finish_non_exhaustive()
    }
}

impl<P: Describe, O> Describe for Pipeline<P, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        self.policies.describe(stages);
    }
}

impl<P, O> PolicyExt for Pipeline<P, O> {}

impl<'p, Op: Operation, P, O: Observer> Policy<Op> for &'p Pipeline<P, O>
where
    &'p P: Policy<Op>,
{
    type Future = PipelineFuture<'p, <&'p P as Policy<Op>>::Future, P, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        PipelineFuture { pipeline: self, inner: (&self.policies).run(op, attempt), waiting_since: None }
    }
}

pin_project! {
    /// A call through a [`Pipeline`].
    ///
    /// # Cancel safety
    /// Dropping it drops the call through the policies; nothing else is held, and nothing is told.
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    pub struct PipelineFuture<'p, Fut, P, O> {
        pipeline: &'p Pipeline<P, O>,
        #[pin]
        inner: Fut,
        waiting_since: Option<Instant>,
    }
}

impl<T, E, Fut, P, O> Future for PipelineFuture<'_, Fut, P, O>
where
    Fut: Future<Output = Result<T, Error<E>>>,
    O: Observer,
{
    type Output = Result<T, Error<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let pipeline = *this.pipeline;
        let Poll::Ready(outcome) = this.inner.poll(cx) else {
            if pipeline.timed && this.waiting_since.is_none() {
                *this.waiting_since = Some(Instant::now());
            }
            return Poll::Pending;
        };
        let verdict = match &outcome {
            Ok(_) => Verdict::Success,
            Err(error) if error.is_rejection() => Verdict::Ignore,
            Err(_) => Verdict::Failure,
        };
        if let Some(since) = this.waiting_since {
            pipeline.observer.on(&pipeline.id, Event::Took(since.elapsed()));
        }
        pipeline.observer.on(&pipeline.id, Event::Ended(verdict));
        Poll::Ready(outcome)
    }
}
