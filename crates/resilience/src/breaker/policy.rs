use super::{BreakerConfig, BreakerFuture, BreakerHandle, BreakerSnapshot, Explanation, State, core::Core};
use crate::{
    Attempt, ByError, Classify, ConfigError, Describe, Failures, Operation, Policy, PolicyExt, StartsOnce,
    Verdict,
    pipeline::Stage,
    telemetry::{Event, Observer},
};
use std::sync::Arc;

/// Stops calling what keeps failing, and probes for its recovery.
///
/// While closed and without failures it reads one word a call and writes nothing; no lock, no clock, no allocation. With a
/// window it counts every outcome, lock-free. Clones share all state.
///
/// ```
/// # use mainstay_resilience::{BreakerConfig, CircuitBreaker, Error, PolicyExt};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let breaker = CircuitBreaker::new("valuer", BreakerConfig::default().failure_threshold(1)).unwrap();
/// let _ = breaker.call(|| async { Err::<(), _>("down") }).await;
/// let refused = breaker.call(|| async { Ok::<_, &str>(()) }).await;
/// assert!(matches!(refused, Err(Error::CircuitOpen { .. })));
/// assert_eq!(
///     breaker.explain().to_string(),
///     "circuit `valuer` has been open for 0ns: a call failed. The next probe may go in 60s. \
///      The last failure was an error, 0ns ago."
/// );
/// # }
/// ```
#[derive(Clone)]
pub struct CircuitBreaker<C = Failures, O = ()> {
    pub(super) core: Arc<Core>,
    pub(super) classifier: C,
    observer: O,
}

impl CircuitBreaker {
    /// A closed breaker named `name`, in its errors.
    ///
    /// # Errors
    /// All fields of `config` that are out of their range.
    pub fn new(name: impl Into<Arc<str>>, config: BreakerConfig) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        Ok(Self::of_valid(name, config))
    }

    pub(super) fn of_valid(name: Arc<str>, config: BreakerConfig) -> Self {
        Self { core: Arc::new(Core::of_valid(name, config)), classifier: Failures, observer: () }
    }
}

impl<C, O> CircuitBreaker<C, O> {
    /// Judges outcomes by `classifier` instead of [`Failures`].
    pub fn classify<D>(self, classifier: D) -> CircuitBreaker<D, O> {
        CircuitBreaker { core: self.core, classifier, observer: self.observer }
    }

    /// Counts as failures only the errors for which `is_failure` answers `true`; other errors are ignored.
    pub fn fail_if<F>(self, is_failure: F) -> CircuitBreaker<ByError<F>, O> {
        self.classify(ByError(is_failure))
    }

    /// Tells `observer` what happens in calls through this breaker and its clones.
    pub fn observe<P: Observer>(self, mut observer: P) -> CircuitBreaker<C, P> {
        observer.attach(&self.core.id);
        CircuitBreaker { core: self.core, classifier: self.classifier, observer }
    }

    /// To watch and steer it from outside its calls.
    pub fn handle(&self) -> BreakerHandle {
        BreakerHandle { core: self.core.clone() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.core.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> BreakerConfig {
        self.handle().config()
    }

    /// As [`BreakerHandle::reconfigure`].
    ///
    /// # Errors
    /// All fields that are out of range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: BreakerConfig) -> Result<(), ConfigError> {
        self.core.reconfigure(config)
    }

    /// Whether calls pass. An open breaker whose time is over stays open until the next call, which is its first probe.
    pub fn state(&self) -> State {
        self.core.gate.load().state()
    }

    /// Closed, with no failure remembered, and nobody has a clone or handle of it or watches it: a new one in its place
    /// would do as well.
    pub(crate) fn is_untroubled(&self) -> bool {
        let word = self.core.gate.load();
        let calm = word.state() == State::Closed && word.failures() == 0;
        let alone = Arc::strong_count(&self.core) == 1 && self.core.watch.receiver_count() == 0;
        calm && alone && self.snapshot().window.is_none_or(|window| window.failures == 0 && window.slow == 0)
    }

    /// State and counts at this moment.
    pub fn snapshot(&self) -> BreakerSnapshot {
        self.handle().snapshot()
    }

    /// Why it is in the state it is in, and what would change it.
    pub fn explain(&self) -> Explanation {
        Explanation::of(&self.core)
    }
}

impl<C, O: Observer> CircuitBreaker<C, O> {
    #[inline]
    pub(super) fn tell(&self, event: Event) {
        self.observer.on(&self.core.id, event);
    }
}

impl<C, O> std::fmt::Debug for CircuitBreaker<C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", &self.core.id.name)
            .field("config", &self.config())
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, C, O> Policy<Op> for &'p CircuitBreaker<C, O>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Future = BreakerFuture<'p, Op, C, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        BreakerFuture::new(self, op, attempt)
    }
}

impl<C, O> PolicyExt for CircuitBreaker<C, O> {}
impl<C, O> StartsOnce for CircuitBreaker<C, O> {}

impl<C, O> Describe for CircuitBreaker<C, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let settings = self.core.settings.read();
        let counts_dropped =
            settings.is_timed() || matches!(settings.config.abandoned, Verdict::Failure | Verdict::Success);
        stages.push(Stage::new(self.core.id.clone()).blind_to_abandoned(!counts_dropped));
    }
}
