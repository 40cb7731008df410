use crate::{
    AdaptiveLimit, Attempt, Bulkhead, CircuitBreaker, Describe, Operation, Policy, PolicyExt, RateLimit,
    Retry, Timeout, operation::Outcome, pipeline::Stage, telemetry::Observer,
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// One policy of those that can be put into a [`DynPipeline`](super::DynPipeline), shared.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyPolicy<O: Observer = ()> {
    /// A limit in time.
    Timeout(Arc<Timeout<O>>),
    /// Further attempts.
    Retry(Arc<Retry<crate::Retryable, O>>),
    /// A circuit breaker.
    Breaker(Arc<CircuitBreaker<crate::Failures, O>>),
    /// A limit on calls at once.
    Bulkhead(Arc<Bulkhead<O>>),
    /// A limit on calls in a time.
    RateLimit(Arc<RateLimit<O>>),
    /// A limit on calls at once that is found by measuring.
    Adaptive(Arc<AdaptiveLimit<crate::adaptive::Overloads, O>>),
}

macro_rules! from_policies {
    ($($variant:ident($policy:ty)),* $(,)?) => {$(
        impl<O: Observer> From<$policy> for AnyPolicy<O> {
            fn from(policy: $policy) -> Self {
                Self::$variant(Arc::new(policy))
            }
        }

        impl<O: Observer> From<Arc<$policy>> for AnyPolicy<O> {
            fn from(policy: Arc<$policy>) -> Self {
                Self::$variant(policy)
            }
        }
    )*};
}

from_policies! {
    Timeout(Timeout<O>),
    Retry(Retry<crate::Retryable, O>),
    Breaker(CircuitBreaker<crate::Failures, O>),
    Bulkhead(Bulkhead<O>),
    RateLimit(RateLimit<O>),
    Adaptive(AdaptiveLimit<crate::adaptive::Overloads, O>),
}

impl<O: Observer> Clone for AnyPolicy<O> {
    fn clone(&self) -> Self {
        match self {
            Self::Timeout(policy) => Self::Timeout(policy.clone()),
            Self::Retry(policy) => Self::Retry(policy.clone()),
            Self::Breaker(policy) => Self::Breaker(policy.clone()),
            Self::Bulkhead(policy) => Self::Bulkhead(policy.clone()),
            Self::RateLimit(policy) => Self::RateLimit(policy.clone()),
            Self::Adaptive(policy) => Self::Adaptive(policy.clone()),
        }
    }
}

impl<O: Observer> Describe for AnyPolicy<O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        match self {
            Self::Timeout(policy) => policy.describe(stages),
            Self::Retry(policy) => policy.describe(stages),
            Self::Breaker(policy) => policy.describe(stages),
            Self::Bulkhead(policy) => policy.describe(stages),
            Self::RateLimit(policy) => policy.describe(stages),
            Self::Adaptive(policy) => policy.describe(stages),
        }
    }
}

pin_project! {
    /// The future of an [`AnyPolicy`]: that of the policy it is.
    #[project = Projected]
    #[allow(missing_debug_implementations, reason = "futures of user types")]
    #[allow(missing_docs, reason = "the macro takes no docs on a variant's fields")]
    pub enum AnyFuture<Timeout, Retry, Breaker, Bulkhead, RateLimit, Adaptive> {
        /// Under a timeout.
        Timeout { #[pin] future: Timeout },
        /// Under a retry.
        Retry { #[pin] future: Retry },
        /// Through a breaker.
        Breaker { #[pin] future: Breaker },
        /// Through a bulkhead.
        Bulkhead { #[pin] future: Bulkhead },
        /// Under a rate limit.
        RateLimit { #[pin] future: RateLimit },
        /// Under an adaptive limit.
        Adaptive { #[pin] future: Adaptive },
    }
}

impl<A, B, C, D, E, F> Future for AnyFuture<A, B, C, D, E, F>
where
    A: Future,
    B: Future<Output = A::Output>,
    C: Future<Output = A::Output>,
    D: Future<Output = A::Output>,
    E: Future<Output = A::Output>,
    F: Future<Output = A::Output>,
{
    type Output = A::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Timeout { future } => future.poll(cx),
            Projected::Retry { future } => future.poll(cx),
            Projected::Breaker { future } => future.poll(cx),
            Projected::Bulkhead { future } => future.poll(cx),
            Projected::RateLimit { future } => future.poll(cx),
            Projected::Adaptive { future } => future.poll(cx),
        }
    }
}

type FutureOf<P, Op> = <P as Policy<Op>>::Future;

impl<'p, Op: Operation, O: Observer> Policy<Op> for &'p AnyPolicy<O>
where
    FutureOf<&'p Timeout<O>, Op>: Future<Output = Outcome<Op>>,
{
    type Future = AnyFuture<
        FutureOf<&'p Timeout<O>, Op>,
        FutureOf<&'p Retry<crate::Retryable, O>, Op>,
        FutureOf<&'p CircuitBreaker<crate::Failures, O>, Op>,
        FutureOf<&'p Bulkhead<O>, Op>,
        FutureOf<&'p RateLimit<O>, Op>,
        FutureOf<&'p AdaptiveLimit<crate::adaptive::Overloads, O>, Op>,
    >;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        match self {
            AnyPolicy::Timeout(policy) => AnyFuture::Timeout { future: (&**policy).run(op, attempt) },
            AnyPolicy::Retry(policy) => AnyFuture::Retry { future: (&**policy).run(op, attempt) },
            AnyPolicy::Breaker(policy) => AnyFuture::Breaker { future: (&**policy).run(op, attempt) },
            AnyPolicy::Bulkhead(policy) => AnyFuture::Bulkhead { future: (&**policy).run(op, attempt) },
            AnyPolicy::RateLimit(policy) => AnyFuture::RateLimit { future: (&**policy).run(op, attempt) },
            AnyPolicy::Adaptive(policy) => AnyFuture::Adaptive { future: (&**policy).run(op, attempt) },
        }
    }
}

impl<O: Observer> PolicyExt for AnyPolicy<O> {}
