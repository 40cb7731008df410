use super::{RetryConfig, RetryFuture, backoff::Backoff};
use crate::{
    Attempt, ByError, Classify, ConfigError, Describe, Operation, Policy, PolicyExt, Retryable,
    pipeline::Stage,
    telemetry::{PolicyId, PolicyKind},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Tries a failed operation again, after a growing pause with jitter.
///
/// A success at the first attempt costs no clock, no counter and no allocation. A retry never sleeps past the caller's
/// deadline: where the next attempt would start after it, the series ends at once.
///
/// ```
/// # use mainstay_resilience::{PolicyExt, Retry, RetryConfig};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let retry = Retry::new("valuer", RetryConfig::FAST).unwrap();
/// let value = retry.call_with(|attempt| async move {
///     if attempt.number() < 3 { Err("not yet") } else { Ok(attempt.number()) }
/// });
/// assert_eq!(value.await, Ok(3));
/// # }
/// ```
pub struct Retry<C = Retryable> {
    pub(super) name: Arc<str>,
    pub(super) config: RetryConfig,
    pub(super) classifier: C,
    pub(super) backoff: Backoff,
    pub(super) counts: Counts,
}

/// Touched only by calls that failed at least once.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) retried: AtomicU64,
    pub(super) attempts: AtomicU64,
    pub(super) recovered: AtomicU64,
    pub(super) exhausted: AtomicU64,
}

/// What retrying has come to so far. A call is counted once, however many attempts it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryStats {
    /// Calls that were tried again at least once.
    pub retried: u64,
    /// Attempts made beyond the first ones.
    pub extra_attempts: u64,
    /// Retried calls that ended in success.
    pub recovered: u64,
    /// Calls that failed for want of attempts or time.
    pub exhausted: u64,
}

impl Retry {
    /// A retry named `name`, in its errors.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: RetryConfig) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        let backoff = Backoff::new(config.seed);
        Ok(Self { name, config, classifier: Retryable, backoff, counts: Counts::default() })
    }
}

impl<C> Retry<C> {
    /// Judges outcomes by `classifier` instead of [`Retryable`]: a [`Failure`](crate::Verdict::Failure) is tried again.
    pub fn classify<D>(self, classifier: D) -> Retry<D> {
        Retry { name: self.name, config: self.config, classifier, backoff: self.backoff, counts: self.counts }
    }

    /// Tries again only the errors for which `is_transient` answers `true`.
    pub fn retry_if<F>(self, is_transient: F) -> Retry<ByError<F>> {
        self.classify(ByError(is_transient))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it was made from.
    pub fn config(&self) -> &RetryConfig {
        &self.config
    }

    /// What retrying has come to so far.
    pub fn stats(&self) -> RetryStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RetryStats {
            retried: read(&self.counts.retried),
            extra_attempts: read(&self.counts.attempts),
            recovered: read(&self.counts.recovered),
            exhausted: read(&self.counts.exhausted),
        }
    }
}

impl<C> std::fmt::Debug for Retry<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retry")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, C> Policy<Op> for &'p Retry<C>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
{
    type Future = RetryFuture<'p, Op, C>;

    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        RetryFuture::new(self, op, attempt)
    }
}

impl<C> PolicyExt for Retry<C> {}

impl<C> Describe for Retry<C> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        let id = PolicyId::new(PolicyKind::Retry, self.name.clone());
        let pauses = self.backoff.longest_in_all(&self.config);
        stages.push(Stage::new(id).attempts(self.config.max_attempts).adds(pauses));
    }
}
