use super::{
    BreakerConfig, BreakerFuture, State,
    gate::{Admission, Gate, Limits, Permit},
};
use crate::{
    Attempt, ByError, Classify, ConfigError, Describe, Error, Failures, Operation, Policy, PolicyExt,
    StartsOnce, Verdict,
    pipeline::Stage,
    telemetry::{PolicyId, PolicyKind},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Stops calling what keeps failing, and probes for its recovery.
///
/// While closed and without failures it reads one word a call and writes nothing; no lock, no clock, no allocation.
///
/// ```
/// # use mainstay_resilience::{BreakerConfig, CircuitBreaker, Error, PolicyExt};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let breaker = CircuitBreaker::new("valuer", BreakerConfig::default().failure_threshold(1)).unwrap();
/// let _ = breaker.call(|| async { Err::<(), _>("down") }).await;
/// let refused = breaker.call(|| async { Ok::<_, &str>(()) }).await;
/// assert!(matches!(refused, Err(Error::CircuitOpen { .. })));
/// # }
/// ```
pub struct CircuitBreaker<C = Failures> {
    name: Arc<str>,
    config: BreakerConfig,
    limits: Limits,
    classifier: C,
    gate: Gate,
    made: Instant,
    trips: AtomicU64,
    rejected: AtomicU64,
}

/// A breaker's state and counts at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// Whether calls pass.
    pub state: State,
    /// Times it opened since it was made.
    pub trips: u64,
    /// Calls it turned away since it was made.
    pub rejected: u64,
}

impl CircuitBreaker {
    /// A closed breaker named `name`, in its errors.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: BreakerConfig) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        let ticks = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let limits = Limits {
            failures: config.failure_threshold,
            successes: config.success_threshold,
            open_for: ticks(config.open_for),
            probes: config.max_probes,
            probe_lease: ticks(config.probe_lease),
        };
        Ok(Self {
            name,
            config,
            limits,
            classifier: Failures,
            gate: Gate::new(),
            made: Instant::now(),
            trips: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        })
    }
}

impl<C> CircuitBreaker<C> {
    /// Judges outcomes by `classifier` instead of [`Failures`].
    pub fn classify<D>(self, classifier: D) -> CircuitBreaker<D> {
        CircuitBreaker {
            name: self.name,
            config: self.config,
            limits: self.limits,
            classifier,
            gate: self.gate,
            made: self.made,
            trips: self.trips,
            rejected: self.rejected,
        }
    }

    /// Counts as failures only the errors for which `is_failure` answers `true`; other errors are ignored.
    pub fn fail_if<F>(self, is_failure: F) -> CircuitBreaker<ByError<F>> {
        self.classify(ByError(is_failure))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it was made from.
    pub fn config(&self) -> &BreakerConfig {
        &self.config
    }

    /// Whether calls pass. An open breaker whose time is over stays open until the next call, which is its first probe.
    pub fn state(&self) -> State {
        self.gate.state()
    }

    /// Closed, and no failure is remembered.
    pub(crate) fn is_untroubled(&self) -> bool {
        let word = self.gate.load();
        word.state() == State::Closed && word.failures() == 0
    }

    /// State and counts at this moment.
    pub fn snapshot(&self) -> BreakerSnapshot {
        BreakerSnapshot {
            state: self.state(),
            trips: self.trips.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
        }
    }

    fn tick(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    #[inline]
    pub(super) fn admit<E>(&self) -> Result<HeldPermit<'_, C>, Error<E>> {
        match self.gate.admit(&self.limits, || self.tick()) {
            Admission::Admitted(permit) => Ok(HeldPermit { breaker: self, permit }),
            Admission::Rejected { retry_after } => {
                self.rejected.fetch_add(1, Ordering::Relaxed);
                Err(Error::CircuitOpen {
                    policy: self.name.clone(),
                    retry_after: retry_after.map(Duration::from_millis),
                    last_failure: None,
                })
            }
        }
    }

    #[inline]
    fn record(&self, permit: &Permit, verdict: Verdict) {
        if self.gate.record(permit, verdict, &self.limits, || self.tick()) == Some(State::Open) {
            self.trips.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A permit that cannot be lost: dropped without a result, it records what became of the call.
pub(super) struct HeldPermit<'p, C> {
    breaker: &'p CircuitBreaker<C>,
    permit: Permit,
}

impl<C> HeldPermit<'_, C> {
    #[inline]
    pub(super) fn record<T, E>(self, outcome: &Result<T, Error<E>>)
    where
        C: Classify<T, E>,
    {
        // A classifier that panics drops `self`, which records the panic.
        let verdict = self.breaker.classifier.classify(outcome.as_ref());
        self.breaker.record(&self.permit, verdict);
        std::mem::forget(self);
    }
}

impl<C> Drop for HeldPermit<'_, C> {
    fn drop(&mut self) {
        let verdict = if std::thread::panicking() { Verdict::Failure } else { self.breaker.config.abandoned };
        self.breaker.record(&self.permit, verdict);
    }
}

impl<C> std::fmt::Debug for CircuitBreaker<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, C> Policy<Op> for &'p CircuitBreaker<C>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
{
    type Future = BreakerFuture<'p, Op, C>;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        BreakerFuture::new(self, op, attempt)
    }
}

impl<C> PolicyExt for CircuitBreaker<C> {}
impl<C> StartsOnce for CircuitBreaker<C> {}

impl<C> Describe for CircuitBreaker<C> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let id = PolicyId::new(PolicyKind::Breaker, self.name.clone());
        let blind = matches!(self.config.abandoned, Verdict::Ignore | Verdict::Abandoned);
        stages.push(Stage::new(id).blind_to_abandoned(blind));
    }
}
