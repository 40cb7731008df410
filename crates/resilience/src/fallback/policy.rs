use super::{
    Calling, CallingGuarded, Computed, FallbackConfig, FallbackFuture, FallbackStats, Substitute, Value,
    counts::Counts,
};
use crate::{
    AnyError, Attempt, ByError, Classify, ConfigError, Describe, Error, Operation, Policy, PolicyExt,
    StartsOnce,
    live::Live,
    pipeline::Stage,
    telemetry::{Observer, PolicyId, PolicyKind},
};
use std::{sync::Arc, time::Duration};

/// Answers in place of an operation that failed: with a value, with one made of the error, or by another operation.
///
/// Put it outermost, so that it stands in for the failure of everything else. A success costs it nothing but a look.
///
/// ```
/// # use mainstay_resilience::{Fallback, FallbackConfig, PolicyExt};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let fallback = Fallback::new("valuer", FallbackConfig::default()).unwrap().to(850_000);
/// assert_eq!(fallback.call(|| async { Err::<u64, _>("away") }).await, Ok(850_000));
/// # }
/// ```
pub struct Fallback<S = (), C = AnyError, O = ()> {
    pub(super) id: PolicyId,
    pub(super) config: Live<FallbackConfig>,
    pub(super) counts: Counts,
    pub(super) substitute: S,
    pub(super) classifier: C,
    pub(super) observer: O,
    /// How long the answer may take, for the bound: nobody knows it of another operation.
    takes: Option<Duration>,
}

impl Fallback {
    /// A fallback named `name`, in its errors. It is a policy once it has been told what to answer: see [`to`](Self::to),
    /// [`to_computed`](Self::to_computed), [`to_call`](Self::to_call).
    ///
    /// # Errors
    /// None today: no field has a range.
    pub fn new(name: impl Into<Arc<str>>, config: FallbackConfig) -> Result<Self, ConfigError> {
        let id = PolicyId::new(PolicyKind::Fallback, name);
        Ok(Self {
            id,
            config: Live::new(config),
            counts: Counts::default(),
            substitute: (),
            classifier: AnyError,
            observer: (),
            takes: Some(Duration::ZERO),
        })
    }
}

impl<S, C, O> Fallback<S, C, O> {
    fn with<S2>(self, substitute: S2, takes: Option<Duration>) -> Fallback<S2, C, O> {
        let Self { id, config, counts, classifier, observer, .. } = self;
        Fallback { id, config, counts, substitute, classifier, observer, takes }
    }

    /// Answers with clones of `value`.
    pub fn to<T: Clone>(self, value: T) -> Fallback<Value<T>, C, O> {
        self.with(Value(value), Some(Duration::ZERO))
    }

    /// Answers with what `compute` makes of the error.
    pub fn to_computed<T, E, F: Fn(&Error<E>) -> T>(self, compute: F) -> Fallback<Computed<F>, C, O> {
        self.with(Computed(compute), Some(Duration::ZERO))
    }

    /// Answers with what another operation answers. Where that fails, too, the call ends in [`Error::FallbackFailed`],
    /// which holds both errors.
    pub fn to_call<T, E, F, Fut>(self, operation: F) -> Fallback<Calling<F>, C, O>
    where
        F: Fn(&Error<E>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.with(Calling(operation), None)
    }

    /// As [`to_call`](Self::to_call), for an operation that is itself under policies and answers their errors, too.
    pub fn to_guarded_call<T, E, F, Fut>(self, operation: F) -> Fallback<CallingGuarded<F>, C, O>
    where
        F: Fn(&Error<E>) -> Fut,
        Fut: Future<Output = Result<T, Error<E>>>,
    {
        self.with(CallingGuarded(operation), None)
    }

    /// Judges errors by `classifier` instead of [`AnyError`]: it answers for a [`Failure`](crate::Verdict::Failure).
    /// Values are answers, and are not judged.
    pub fn classify<D>(self, classifier: D) -> Fallback<S, D, O> {
        let Self { id, config, counts, substitute, observer, takes, .. } = self;
        Fallback { id, config, counts, substitute, classifier, observer, takes }
    }

    /// Answers only for the errors for which `is_failure` answers `true`.
    pub fn when<F>(self, is_failure: F) -> Fallback<S, ByError<F>, O> {
        self.classify(ByError(is_failure))
    }

    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, mut observer: P) -> Fallback<S, C, P> {
        observer.attach(&self.id);
        let Self { id, config, counts, substitute, classifier, takes, .. } = self;
        Fallback { id, config, counts, substitute, classifier, observer, takes }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<FallbackConfig> {
        self.config.get()
    }

    /// Works with `config` from the next failure on. Counts stay.
    ///
    /// # Errors
    /// None today: no field has a range.
    pub fn reconfigure(&self, config: FallbackConfig) -> Result<(), ConfigError> {
        self.config.set(config);
        Ok(())
    }

    /// What falling back has come to so far.
    pub fn stats(&self) -> FallbackStats {
        self.counts.read()
    }
}

impl<S, C, O> std::fmt::Debug for Fallback<S, C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fallback")
            .field("name", &self.name())
            .field("config", &self.config())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, S, C, O> Policy<Op> for &'p Fallback<S, C, O>
where
    Op: Operation,
    S: Substitute<Op::Value, Op::Error>,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Future = FallbackFuture<'p, Op, S, C, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        FallbackFuture::new(self, &op, attempt)
    }
}

impl<S, C, O> PolicyExt for Fallback<S, C, O> {}
impl<S, C, O> StartsOnce for Fallback<S, C, O> {}

impl<S, C, O> Describe for Fallback<S, C, O> {
    /// An operation that stands in may take for ever, unless something outside limits the call.
    fn describe(&self, stages: &mut Vec<Stage>) {
        stages.push(Stage::new(self.id.clone()).adds(self.takes));
    }
}
