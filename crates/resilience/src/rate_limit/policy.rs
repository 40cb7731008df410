use super::{RateLimitConfig, RateLimitFuture, RateLimitSnapshot, meter::Meter, word::Word};
use crate::{
    Attempt, ConfigError, Describe, Forgettable, Operation, Policy, PolicyExt, StartsOnce,
    pipeline::Stage,
    telemetry::{Observer, PolicyId, PolicyKind},
};
use std::sync::Arc;

/// Lets calls start at a rate: after a quiet time so many at once, in the long run so many in so much time.
///
/// A call that comes too early waits for its turn if that comes within `max_wait` and before its caller's deadline,
/// sleeping once up to the moment it was promised, in order of arrival; otherwise it is turned away and told when to
/// come again. The whole state is one word, and one compare-and-swap a call.
///
/// ```
/// # use mainstay_resilience::{PolicyExt, rate_limit::{Rate, RateLimit, RateLimitConfig}};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let limit = RateLimit::new("valuer", RateLimitConfig::from(Rate::per_second(10)).burst(1)).unwrap();
/// assert!(limit.call(|| async { Ok::<_, std::io::Error>(()) }).await.is_ok());
/// let too_early = limit.call(|| async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
/// assert_eq!(too_early.retry_after(), Some(Duration::from_millis(100)));
/// # }
/// ```
pub struct RateLimit<O = ()> {
    meter: Meter<O>,
    word: Word,
}

impl RateLimit {
    /// A limit named `name`, in its errors; its bucket is full.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: impl Into<RateLimitConfig>) -> Result<Self, ConfigError> {
        let meter = Meter::new(PolicyId::new(PolicyKind::RateLimit, name), config.into())?;
        Ok(Self { meter, word: Word::default() })
    }
}

impl<O> RateLimit<O> {
    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, observer: P) -> RateLimit<P> {
        RateLimit { meter: self.meter.observe(observer), word: self.word }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.meter.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<RateLimitConfig> {
        self.meter.config()
    }

    /// Works with `config` from the next call on, with as many calls left as there were: a smaller burst spills, a larger
    /// one fills at the new rate. Calls that wait keep the moment they were promised.
    ///
    /// # Errors
    /// A field of `config` out of its range; nothing changes then.
    pub fn reconfigure(&self, config: impl Into<RateLimitConfig>) -> Result<(), ConfigError> {
        self.meter.reconfigure(config.into(), |repace| repace(&self.word))
    }

    /// Its counts at this moment.
    pub fn snapshot(&self) -> RateLimitSnapshot {
        RateLimitSnapshot {
            available: self.meter.available(&self.word),
            waiting: self.meter.waiting(),
            waited: self.meter.waited(),
            rejected: self.meter.rejected(),
            would_reject: self.meter.would_reject(),
        }
    }
}

impl<O> std::fmt::Debug for RateLimit<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimit")
            .field("name", &self.name())
            .field("config", &self.config())
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

impl<'p, Op: Operation, O: Observer> Policy<Op> for &'p RateLimit<O> {
    type Future = RateLimitFuture<'p, Op, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        RateLimitFuture::new(&self.meter, &self.word, op, attempt)
    }
}

impl<O> PolicyExt for RateLimit<O> {}
impl<O> StartsOnce for RateLimit<O> {}

impl<O> Describe for RateLimit<O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        stages.push(self.meter.stage());
    }
}

/// Full again.
impl<O> Forgettable for RateLimit<O> {
    fn is_forgettable(&self) -> bool {
        self.meter.is_fresh()(&self.word)
    }
}
