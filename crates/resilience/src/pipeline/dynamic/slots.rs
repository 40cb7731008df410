use super::AnyPolicy;
use crate::{Attempt, Describe, Operation, Policy, PolicyExt, pipeline::Stage, telemetry::Observer};
use std::pin::Pin;

/// A pipeline whose policies and their order are chosen at run time: from configuration, for one.
///
/// A call allocates one box, which holds it whole. A tuple allocates none: take this where the order is not known when
/// the program is written. It holds at most six policies, each of the kinds in [`AnyPolicy`], with their own
/// classifiers.
///
/// ```
/// # use mainstay_resilience::{
/// #     Describe, DynPipeline, PolicyExt, Retry, RetryConfig, Timeout, pipeline::AnyPolicy,
/// # };
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut policies: Vec<AnyPolicy> = vec![Timeout::new("valuer", Duration::from_secs(2))?.into()];
/// if std::env::var_os("NO_RETRY").is_none() {
///     policies.push(Retry::new("valuer", RetryConfig::FAST)?.into());
/// }
/// let guard = DynPipeline::new(policies)?;
/// assert_eq!(guard.call(|| async { Ok::<_, std::io::Error>(850_000) }).await?, 850_000);
/// assert_eq!(guard.bound().attempts, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DynPipeline<O: Observer = ()> {
    slots: Slots<O>,
}

/// Empty slots let calls through as they are.
type Slots<O> = (Slot<O>, Slot<O>, Slot<O>, Slot<O>, Slot<O>, Slot<O>);
type Slot<O> = Option<AnyPolicy<O>>;

/// A [`DynPipeline`] was to hold more policies than it has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{policies} policies were given; a pipeline chosen at run time holds at most {}", DynPipeline::<()>::MAX)]
#[non_exhaustive]
pub struct TooManyPolicies {
    /// How many were given.
    pub policies: usize,
}

impl<O: Observer> DynPipeline<O> {
    /// Most policies it holds.
    pub const MAX: usize = 6;

    /// Of these policies, outermost first.
    ///
    /// # Errors
    /// More than [`MAX`](Self::MAX) policies.
    pub fn new(policies: impl IntoIterator<Item = AnyPolicy<O>>) -> Result<Self, TooManyPolicies> {
        let mut policies = policies.into_iter().fuse();
        let mut next = || policies.next();
        let slots = (next(), next(), next(), next(), next(), next());
        match policies.count() {
            0 => Ok(Self { slots }),
            more => Err(TooManyPolicies { policies: Self::MAX + more }),
        }
    }
}

impl<O: Observer> Describe for DynPipeline<O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        self.slots.describe(stages);
    }
}

impl<'p, Op, O> Policy<Op> for &'p DynPipeline<O>
where
    Op: Operation + Clone,
    O: Observer,
    &'p Slots<O>: Policy<Op>,
{
    type Future = Pin<Box<<&'p Slots<O> as Policy<Op>>::Future>>;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        Box::pin((&self.slots).run(op, attempt))
    }
}

impl<O: Observer> PolicyExt for DynPipeline<O> {}
