use super::{Asked, Notify, RetryConfig, RetryFuture, RetryStats, backoff::longest_in_all, state::Core};
use crate::{
    Attempt, Budget, ByError, Classify, ConfigError, Describe, Error, Operation, Policy, PolicyExt,
    Retryable,
    pipeline::Stage,
    telemetry::{Observer, PolicyId, PolicyKind},
};
use std::{sync::Arc, time::Duration};

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
pub struct Retry<C = Retryable, O = (), N = ()> {
    pub(super) core: Core,
    pub(super) classifier: C,
    pub(super) observer: O,
    pub(super) notify: N,
    /// Whether a classifier of the user's may find failures that ask for a pause; [`Retryable`] finds none.
    may_be_asked: bool,
}

impl Retry {
    /// A retry named `name`, in its errors.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: RetryConfig) -> Result<Self, ConfigError> {
        let core = Core::new(PolicyId::new(PolicyKind::Retry, name), config)?;
        Ok(Self { core, classifier: Retryable, observer: (), notify: (), may_be_asked: false })
    }
}

impl<C, O, N> Retry<C, O, N> {
    /// Judges outcomes by `classifier` instead of [`Retryable`]: a [`Failure`](crate::Verdict::Failure) is tried again, be
    /// it an error or a value. Where the last attempt's is a value, that is the answer.
    pub fn classify<D>(self, classifier: D) -> Retry<D, O, N> {
        let (core, observer, notify) = (self.core, self.observer, self.notify);
        Retry { core, classifier, observer, notify, may_be_asked: true }
    }

    /// Tries again only the errors for which `is_transient` answers `true`.
    pub fn retry_if<F>(self, is_transient: F) -> Retry<ByError<F>, O, N> {
        self.classify(ByError(is_transient))
    }

    /// Reads from the operation's own error how long the callee asks to be left alone, as HTTP's `Retry-After` does.
    ///
    /// No attempt is made sooner. Where the callee asks for more than [`RetryConfig::max_retry_after`], the longest
    /// series or the caller's deadline allows, the series ends at once with
    /// [`StoppedBy::RetryAfter`](crate::StoppedBy::RetryAfter).
    ///
    /// ```
    /// # use mainstay_resilience::{PolicyExt, Retry, RetryConfig};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// struct Busy { retry_after: Duration }
    /// let retry = Retry::new("valuer", RetryConfig::FAST).unwrap().retry_after(|busy: &Busy| Some(busy.retry_after));
    /// let began = tokio::time::Instant::now();
    /// let answer = retry.call_with(|attempt| async move {
    ///     if attempt.number() == 1 { Err(Busy { retry_after: Duration::from_secs(5) }) } else { Ok(()) }
    /// });
    /// assert!(answer.await.is_ok());
    /// assert_eq!(began.elapsed(), Duration::from_secs(5));
    /// # }
    /// ```
    pub fn retry_after<E, F>(self, retry_after: F) -> Retry<Asked<C, F>, O, N>
    where
        F: Fn(&E) -> Option<Duration>,
    {
        let (core, observer, notify) = (self.core, self.observer, self.notify);
        let classifier = Asked { classifier: self.classifier, retry_after };
        Retry { core, classifier, observer, notify, may_be_asked: true }
    }

    /// Tells `observer` what happens in it.
    pub fn observe<P: Observer>(self, mut observer: P) -> Retry<C, P, N> {
        observer.attach(&self.core.id);
        let (core, classifier, notify) = (self.core, self.classifier, self.notify);
        Retry { core, classifier, observer, notify, may_be_asked: self.may_be_asked }
    }

    /// Calls `notify` before each pause with the failed outcome, the attempts made so far and the pause.
    pub fn notify<T, E, M>(self, notify: M) -> Retry<C, O, M>
    where
        M: Fn(Result<&T, &Error<E>>, u32, Duration),
    {
        let (core, classifier, observer) = (self.core, self.classifier, self.observer);
        Retry { core, classifier, observer, notify, may_be_asked: self.may_be_asked }
    }

    /// Asks `budget` before each retry; where it refuses, the series ends with
    /// [`StoppedBy::Budget`](crate::StoppedBy::Budget).
    #[must_use]
    pub fn budget(mut self, budget: Arc<Budget>) -> Self {
        self.core.budget = Some(budget);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.core.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<RetryConfig> {
        self.core.config.get()
    }

    /// Works with `config` from the next decision on: a call under way ends the pause it is in, and then goes by the new
    /// attempts, pauses and times. Counts, budget and observer stay.
    ///
    /// # Errors
    /// A field of `config` out of its range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: RetryConfig) -> Result<(), ConfigError> {
        self.core.reconfigure(config)
    }

    /// What retrying has come to so far.
    pub fn stats(&self) -> RetryStats {
        self.core.stats()
    }
}

impl<C, O, N> std::fmt::Debug for Retry<C, O, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retry")
            .field("name", &self.name())
            .field("config", &self.config())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl<'p, Op, C, O, N> Policy<Op> for &'p Retry<C, O, N>
where
    Op: Operation,
    C: Classify<Op::Value, Op::Error>,
    O: Observer,
    N: Notify<Op::Value, Op::Error>,
{
    type Future = RetryFuture<'p, Op, C, O, N>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        RetryFuture::new(self, op, attempt)
    }
}

impl<C, O, N> PolicyExt for Retry<C, O, N> {}

impl<C, O, N> Describe for Retry<C, O, N> {
    /// The limit holds where every attempt has one of its own.
    fn describe(&self, stages: &mut Vec<Stage>) {
        let config = self.core.config.read();
        let stage = Stage::new(self.core.id.clone());
        if config.shadow {
            return stages.push(stage);
        }
        let attempts = config.max_attempts;
        let asked = if self.may_be_asked { config.max_retry_after } else { Duration::ZERO };
        let pauses = longest_in_all(&config, asked).min(config.max_elapsed.unwrap_or(Duration::MAX));
        let stage = stage.attempts(attempts).adds(pauses);
        stages.push(match config.attempt_timeout {
            None => stage,
            Some(limit) => {
                let series = pauses.saturating_add(limit.saturating_mul(attempts));
                // The last attempt begins within the longest series.
                let longest =
                    config.max_elapsed.map_or(Duration::MAX, |longest| longest.saturating_add(limit));
                stage.limit(series.min(longest))
            }
        });
    }
}
