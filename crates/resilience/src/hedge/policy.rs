use super::{HedgeConfig, HedgeFuture, HedgeStats, counts::Counts, delay::Delay};
use crate::{
    AnyError, Attempt, Budget, ByError, Classify, ConfigError, Describe, Idempotent, Policy, PolicyExt,
    live::Live,
    pipeline::Stage,
    telemetry::{Observer, PolicyId, PolicyKind},
};
use std::{sync::Arc, time::Duration};

/// Starts a copy of a call that is slow, and takes the answer that comes first.
///
/// The tail of a latency distribution is mostly chance (a busy replica, a lost packet), so a second try at the same
/// moment is rarely slow, too (Dean and Barroso, "The Tail at Scale", 2013). Copies run inside the call's own future:
/// nothing is spawned, and the losers are dropped the moment one wins. A copy that fails does not end the call while
/// another runs; when all have failed, the last failure is the answer. A call that is ready at once costs no timer, no
/// clock and no allocation.
///
/// ```
/// # use mainstay_resilience::{Hedge, HedgeConfig, PolicyExt};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let hedge = Hedge::new("valuer", HedgeConfig::default().delay(Duration::from_millis(50))).unwrap();
/// let answer = hedge.call_idempotent_with(|attempt| async move {
///     // The first goes to a replica that sleeps.
///     tokio::time::sleep(Duration::from_secs(if attempt.copy() == 0 { 30 } else { 0 })).await;
///     Ok::<_, std::io::Error>(attempt.copy())
/// });
/// assert_eq!(answer.await.unwrap(), 1);
/// # }
/// ```
///
/// It takes only operations that are [`Idempotent`]: a plain `call` does not compile.
///
/// ```compile_fail,E0277
/// # use mainstay_resilience::{Hedge, HedgeConfig, PolicyExt};
/// # async fn charge() -> Result<(), std::io::Error> { Ok(()) }
/// # async fn example() {
/// let hedge = Hedge::new("payments", HedgeConfig::default()).unwrap();
/// let _ = hedge.call(|| charge()).await; // `Call<..>` is not known to be idempotent
/// # }
/// ```
pub struct Hedge<C = AnyError, O = ()> {
    pub(super) id: PolicyId,
    pub(super) config: Live<HedgeConfig>,
    pub(super) delay: Delay,
    pub(super) counts: Counts,
    pub(super) budget: Option<Arc<Budget>>,
    pub(super) classifier: C,
    pub(super) observer: O,
}

impl Hedge {
    /// A hedge named `name`, in its telemetry.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: HedgeConfig) -> Result<Self, ConfigError> {
        let id = PolicyId::new(PolicyKind::Hedge, name);
        config.validate(&id.name)?;
        Ok(Self {
            id,
            delay: Delay::new(&config),
            config: Live::new(config),
            counts: Counts::default(),
            budget: None,
            classifier: AnyError,
            observer: (),
        })
    }
}

impl<C, O> Hedge<C, O> {
    /// Judges each copy's outcome by `classifier` instead of [`AnyError`]: only a [`Failure`](crate::Verdict::Failure)
    /// leaves the answer to the others.
    pub fn classify<D>(self, classifier: D) -> Hedge<D, O> {
        Hedge {
            id: self.id,
            config: self.config,
            delay: self.delay,
            counts: self.counts,
            budget: self.budget,
            classifier,
            observer: self.observer,
        }
    }

    /// Leaves the answer to the other copies only on errors for which `is_failure` answers `true`; any other error is the
    /// answer.
    pub fn fail_if<F>(self, is_failure: F) -> Hedge<ByError<F>, O> {
        self.classify(ByError(is_failure))
    }

    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, mut observer: P) -> Hedge<C, P> {
        observer.attach(&self.id);
        Hedge {
            id: self.id,
            config: self.config,
            delay: self.delay,
            counts: self.counts,
            budget: self.budget,
            classifier: self.classifier,
            observer,
        }
    }

    /// Asks `budget` before each copy; where it refuses, the call goes on without, and nobody is told but the counts.
    #[must_use]
    pub fn budget(mut self, budget: Arc<Budget>) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<HedgeConfig> {
        self.config.get()
    }

    /// Works with `config` from the next decision on. What was observed and counted stays.
    ///
    /// # Errors
    /// A field of `config` out of its range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: HedgeConfig) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        self.delay.reconfigure(&config);
        self.config.set(config);
        Ok(())
    }

    /// What hedging has come to so far.
    pub fn stats(&self) -> HedgeStats {
        self.counts.read()
    }

    /// The time until a copy would be started now: as configured, or as observed.
    pub fn delay(&self) -> Duration {
        self.delay.current()
    }
}

impl<C, O> std::fmt::Debug for Hedge<C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hedge")
            .field("name", &self.name())
            .field("config", &self.config())
            .field("delay", &self.delay())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, C, O> Policy<Op> for &'p Hedge<C, O>
where
    Op: Idempotent,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
{
    type Future = HedgeFuture<'p, Op, C, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        HedgeFuture::new(self, op, attempt)
    }
}

impl<C, O> PolicyExt for Hedge<C, O> {}

impl<C, O> Describe for Hedge<C, O> {
    /// A copy starts a delay after the one before or, sooner, when that has failed. So copies add at most their delays, and
    /// where the delay is not known they add at most the time of a call each, as if they ran one after the other.
    fn describe(&self, stages: &mut Vec<Stage>) {
        let config = self.config.read();
        let stage = Stage::new(self.id.clone());
        let copies = config.max_copies;
        stages.push(if config.shadow {
            stage
        } else if config.only_after_failure || config.percentile.is_some() {
            stage.attempts(1 + copies)
        } else {
            stage.copies(1 + copies).adds(config.delay.saturating_mul(copies))
        });
    }
}
