use super::{
    Aim, By, ChaosConfig, ChaosFuture, ChaosStats, Labelled, Make, Only, Target,
    counts::Counts,
    plan::{Active, Plan},
};
use crate::{
    Attempt, ConfigError, Describe, Forgettable, Operation, OptionalFuture, Policy, PolicyExt, StartsOnce,
    live::Live,
    pipeline::Stage,
    telemetry::{Observer, PolicyId, PolicyKind},
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Disturbs calls on purpose: delays them, lets them fail, answers for them or panics, at a rate or on a schedule.
///
/// It does nothing unless its configuration says `enabled`, and then a call costs one load. What it injects where is set
/// by [`fault`](Self::fault) and [`outcome`](Self::outcome), in the operation's own types; a fault that is configured but
/// not made lets the call through. It stands where the fault would arise: innermost, so that every policy around it sees
/// the fault.
///
/// ```
/// # use mainstay_resilience::{PolicyExt, Retry, RetryConfig, chaos::{Chaos, ChaosConfig, Injection}};
/// # use std::io::{Error, ErrorKind};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let config = ChaosConfig::default().fault(Injection::rate(1.0)).seed(7).enabled(true);
/// let chaos = Chaos::new("rehearsal", config)
///     .unwrap()
///     .fault(|_attempt| Error::from(ErrorKind::ConnectionReset))
///     .only(|target| target.attempt.number() == 1);
/// let guard = (Retry::new("valuer", RetryConfig::FAST).unwrap(), chaos);
/// assert_eq!(guard.call(|| async { Ok::<_, Error>(850_000) }).await.unwrap(), 850_000); // at the second attempt
/// assert_eq!(guard.1.stats().faults, 1);
/// # }
/// ```
pub struct Chaos<F = (), V = (), A = (), O = ()> {
    pub(super) id: PolicyId,
    pub(super) fault: F,
    pub(super) outcome: V,
    aim: A,
    /// All that a call reads while nothing is injected.
    enabled: AtomicBool,
    active: Live<Active>,
    /// Taken by who changes `active`, so that no change is lost.
    changing: Mutex<()>,
    pub(super) counts: Counts,
    pub(super) observer: O,
}

impl Chaos {
    /// A source of faults named `name`, in the panics it makes.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: ChaosConfig) -> Result<Self, ConfigError> {
        let id = PolicyId::new(PolicyKind::Chaos, name);
        config.validate(&id.name)?;
        Ok(Self {
            id,
            fault: (),
            outcome: (),
            aim: (),
            enabled: AtomicBool::new(config.enabled),
            active: Live::new(Active::new(config)),
            changing: Mutex::new(()),
            counts: Counts::default(),
            observer: (),
        })
    }
}

impl<F, V, A, O> Chaos<F, V, A, O> {
    fn with<G, W, B, P>(self, parts: impl FnOnce(F, V, A, O) -> (G, W, B, P)) -> Chaos<G, W, B, P> {
        let (fault, outcome, aim, observer) = parts(self.fault, self.outcome, self.aim, self.observer);
        Chaos {
            id: self.id,
            fault,
            outcome,
            aim,
            enabled: self.enabled,
            active: self.active,
            changing: self.changing,
            counts: self.counts,
            observer,
        }
    }

    /// Makes the errors that [`ChaosConfig::fault`] injects.
    pub fn fault<E, G: Fn(Attempt) -> E>(self, make: G) -> Chaos<By<G>, V, A, O> {
        self.with(|_, outcome, aim, observer| (By(make), outcome, aim, observer))
    }

    /// Makes the values that [`ChaosConfig::outcome`] injects.
    pub fn outcome<T, W: Fn(Attempt) -> T>(self, make: W) -> Chaos<F, By<W>, A, O> {
        self.with(|fault, _, aim, observer| (fault, By(make), aim, observer))
    }

    /// Disturbs only calls for which `hits` answers `true`.
    pub fn only<B: Fn(&Target<'_>) -> bool>(self, hits: B) -> Chaos<F, V, Only<B>, O> {
        self.with(|fault, outcome, _, observer| (fault, outcome, Only(hits), observer))
    }

    /// Tells `observer` what is injected.
    pub fn observe<P: Observer>(self, mut observer: P) -> Chaos<F, V, A, P> {
        observer.attach(&self.id);
        self.with(|fault, outcome, aim, _| (fault, outcome, aim, observer))
    }

    /// The same policy for calls of this label: what [`ChaosConfig::labels`] and [`only`](Self::only) choose by.
    pub fn labelled<'c>(&'c self, label: &'c str) -> Labelled<'c, F, V, A, O> {
        Labelled { chaos: self, label }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<ChaosConfig> {
        self.active.read().config.clone()
    }

    /// Works with `config` from the next call on. Counts are kept; so are the clock and the draws, unless chaos is
    /// enabled by this or the seed is another.
    ///
    /// # Errors
    /// A field of `config` out of its range; nothing changes then.
    pub fn reconfigure(&self, config: ChaosConfig) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        self.change(|_| config);
        Ok(())
    }

    /// Begins to inject, at the beginning of the schedule and the series; nothing changes if it has begun already.
    pub fn enable(&self) {
        self.change(|config| config.enabled(true));
    }

    /// Injects nothing from the next call on. A delay under way ends as it was dealt.
    pub fn disable(&self) {
        self.change(|config| config.enabled(false));
    }

    fn change(&self, change: impl FnOnce(ChaosConfig) -> ChaosConfig) {
        let _one_at_a_time = self.changing.lock();
        let active = self.active.get();
        let config = change((*active.config).clone());
        let enabled = config.enabled;
        self.active.set(active.follow(config));
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    /// Whether anything may be injected.
    #[inline]
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// What was injected since it was made.
    pub fn stats(&self) -> ChaosStats {
        self.counts.stats()
    }
}

impl<F, V, A: Aim, O> Chaos<F, V, A, O> {
    /// What is to be done to this call, and whether it is only to be counted.
    pub(super) fn deal(&self, target: &Target<'_>) -> Option<(Plan, bool)> {
        let active = self.active.get();
        let labels = &active.config.labels;
        let labelled = labels.is_empty() || labels.iter().any(|label| target.label == Some(label));
        if !active.config.enabled || !labelled || !self.aim.hits(target) {
            return None;
        }
        self.counts.drawn.fetch_add(1, Ordering::Relaxed);
        Some((active.deal(), active.config.shadow))
    }
}

impl<F, V, A, O> std::fmt::Debug for Chaos<F, V, A, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chaos")
            .field("name", &self.name())
            .field("config", &self.config())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, F, V, A, O> Policy<Op> for &'p Chaos<F, V, A, O>
where
    Op: Operation,
    F: Make<Op::Error>,
    V: Make<Op::Value>,
    A: Aim,
    O: Observer,
{
    type Future = OptionalFuture<ChaosFuture<'p, Op, F, V, A, O>, Op::Future>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        ChaosFuture::new(self, None, op, attempt)
    }
}

impl<F, V, A, O> PolicyExt for Chaos<F, V, A, O> {}
impl<F, V, A, O> StartsOnce for Chaos<F, V, A, O> {}

impl<F, V, A, O> Describe for Chaos<F, V, A, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let config = self.config();
        let delays = config.enabled && !config.shadow && config.latency.is_possible();
        stages.push(Stage::new(self.id.clone()).adds(if delays { config.delay.max } else { Duration::ZERO }));
    }
}

/// Unless it is enabled: its clock and its draws go on.
impl<F, V, A, O> Forgettable for Chaos<F, V, A, O> {
    fn is_forgettable(&self) -> bool {
        !self.is_enabled()
    }
}
