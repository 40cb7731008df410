use crate::{ConfigError, FailureKind};
use std::{sync::Arc, time::Duration};

/// Why a guarded call gave no value: the operation's own error, or the policy that stepped in.
///
/// Flat however deep the pipeline: a breaker inside a retry inside a timeout still answers one of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The operation itself failed.
    #[error("{0}")]
    Operation(#[source] E),
    /// The circuit breaker let nothing through.
    #[error("circuit `{policy}` is open{}{}", after_hint(.last_failure), retry_hint(.retry_after))]
    CircuitOpen {
        /// The breaker's name.
        policy: Arc<str>,
        /// Time to the next probe; `None` while probes are out, and where it was forced open.
        retry_after: Option<Duration>,
        /// What the last failure was that it saw; `None` where it was forced open without any.
        last_failure: Option<FailureKind>,
    },
    /// The operation took too long and was cancelled.
    #[error("timeout `{policy}`: no answer within {after:?}")]
    Timeout {
        /// The timeout's name.
        policy: Arc<str>,
        /// The limit that passed.
        after: Duration,
    },
    /// All places were taken and the queue was full, or the wait in it too long.
    #[error("bulkhead `{policy}` is full: {limit} running, {queued} queued, waited {waited:?}")]
    BulkheadFull {
        /// The bulkhead's name.
        policy: Arc<str>,
        /// Calls that may run at once.
        limit: usize,
        /// Calls in the queue when this one was turned away.
        queued: usize,
        /// How long this one had queued.
        waited: Duration,
    },
    /// Too many calls came in too short a time.
    #[error("rate limit `{policy}` is reached{}", retry_hint(.retry_after))]
    RateLimited {
        /// The rate limit's name.
        policy: Arc<str>,
        /// When there is room again.
        retry_after: Option<Duration>,
    },
    /// The call was dropped to protect those already running.
    #[error("`{policy}` shed the call: {reason}{}", retry_hint(.retry_after))]
    Shed {
        /// The policy that shed it.
        policy: Arc<str>,
        /// Why.
        reason: ShedReason,
        /// When it may be worth calling again, where known.
        retry_after: Option<Duration>,
    },
    /// The last of several attempts failed, or there was no time for another.
    #[error("retry `{policy}` gave up after {attempts} attempts ({stopped_by}): {last}")]
    RetriesExhausted {
        /// The retry's name.
        policy: Arc<str>,
        /// Attempts made, the first included.
        attempts: u32,
        /// What ended the series.
        stopped_by: StoppedBy,
        /// The last attempt's error. Boxed: only a call that failed several times pays for it.
        last: Box<Self>,
    },
    /// The call failed, and so did the operation that should have stood in for it.
    #[error("fallback `{policy}` failed: {error} (it stood in after: {original})")]
    FallbackFailed {
        /// The fallback's name.
        policy: Arc<str>,
        /// What the operation that stood in answered.
        error: Box<Self>,
        /// Why it had to.
        original: Box<Self>,
    },
    /// There was no time left to start.
    #[error("`{policy}`: the caller's deadline passed before the call could start")]
    DeadlineExceeded {
        /// The policy that declined to start.
        policy: Arc<str>,
    },
    /// The policy for this key could not be made.
    #[error("no policy for this call: {problem}")]
    Misconfigured {
        /// The policy that could not be made.
        policy: Arc<str>,
        /// What is wrong with its configuration.
        #[source]
        problem: Box<ConfigError>,
    },
}

/// What ended a series of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoppedBy {
    /// The configured number of attempts was made.
    Attempts,
    /// The next attempt would have started after the caller's deadline.
    Deadline,
    /// The next attempt would have started later than the configured longest series.
    MaxElapsed,
    /// The budget of retries was spent.
    Budget,
    /// The callee asked to be left alone for so long, which is longer than the deadline, the longest series or
    /// `max_retry_after` allows.
    RetryAfter(Duration),
}

/// Why a call was shed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShedReason {
    /// As many calls are running as the limit found by measuring allows.
    OverLimit,
    /// It had waited so long that its answer would come too late.
    Overdue,
    /// A call of higher priority needed the place in the queue.
    Priority,
    /// No endpoint is left to call.
    NoEndpoint,
    /// As many keys as allowed are in use, and this one is new.
    TooManyKeys,
}

impl std::fmt::Display for ShedReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OverLimit => "the limit on concurrency is reached",
            Self::Overdue => "it waited too long in the queue",
            Self::Priority => "a more important call took its place in the queue",
            Self::NoEndpoint => "no endpoint is left to call",
            Self::TooManyKeys => "there is no room for a new key",
        })
    }
}

impl std::fmt::Display for StoppedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Attempts => "no attempts left",
            Self::Deadline => "no time left",
            Self::MaxElapsed => "the series took too long",
            Self::Budget => "the retry budget is spent",
            Self::RetryAfter(asked) => {
                return write!(f, "asked to wait {asked:?}, which is longer than there is time for");
            }
        })
    }
}

fn retry_hint(after: &Option<Duration>) -> String {
    after.map_or_else(String::new, |after| format!(", try again in {after:?}"))
}

fn after_hint(last_failure: &Option<FailureKind>) -> String {
    last_failure.map_or_else(String::new, |kind| format!(" after {kind}"))
}

impl<E> Error<E> {
    /// The operation's own error, also where retries wrap it.
    pub fn operation(&self) -> Option<&E> {
        match self {
            Self::Operation(error) => Some(error),
            Self::RetriesExhausted { last: error, .. } | Self::FallbackFailed { error, .. } => {
                error.operation()
            }
            _ => None,
        }
    }

    /// As [`operation`](Self::operation), by value; the error itself is given back where no operation failed.
    ///
    /// # Errors
    /// The error unchanged, where a policy and not the operation ended the call.
    pub fn into_operation(self) -> Result<E, Self> {
        match self {
            Self::Operation(error) => Ok(error),
            Self::RetriesExhausted { policy, attempts, stopped_by, last } => {
                last.into_operation().map_err(|last| Self::RetriesExhausted {
                    policy,
                    attempts,
                    stopped_by,
                    last: Box::new(last),
                })
            }
            Self::FallbackFailed { policy, error, original } => error
                .into_operation()
                .map_err(|error| Self::FallbackFailed { policy, error: Box::new(error), original }),
            other => Err(other),
        }
    }

    /// The same error with the operation's own, wherever in it that stands, made into another.
    ///
    /// ```
    /// # use mainstay_resilience::Error;
    /// let error: Error<u16> = Error::Operation(404);
    /// assert_eq!(error.map_operation(|status| status.to_string()), Error::Operation("404".to_owned()));
    /// ```
    pub fn map_operation<F>(self, mut f: impl FnMut(E) -> F) -> Error<F> {
        self.replace_operation(&mut |error| Error::Operation(f(error)))
    }

    pub(crate) fn replace_operation<F>(self, f: &mut dyn FnMut(E) -> Error<F>) -> Error<F> {
        match self {
            Self::Operation(error) => f(error),
            Self::RetriesExhausted { policy, attempts, stopped_by, last } => Error::RetriesExhausted {
                policy,
                attempts,
                stopped_by,
                last: Box::new(last.replace_operation(f)),
            },
            Self::FallbackFailed { policy, error, original } => Error::FallbackFailed {
                policy,
                error: Box::new(error.replace_operation(f)),
                original: Box::new(original.replace_operation(f)),
            },
            Self::CircuitOpen { policy, retry_after, last_failure } => {
                Error::CircuitOpen { policy, retry_after, last_failure }
            }
            Self::Timeout { policy, after } => Error::Timeout { policy, after },
            Self::BulkheadFull { policy, limit, queued, waited } => {
                Error::BulkheadFull { policy, limit, queued, waited }
            }
            Self::RateLimited { policy, retry_after } => Error::RateLimited { policy, retry_after },
            Self::Shed { policy, reason, retry_after } => Error::Shed { policy, reason, retry_after },
            Self::DeadlineExceeded { policy } => Error::DeadlineExceeded { policy },
            Self::Misconfigured { policy, problem } => Error::Misconfigured { policy, problem },
        }
    }

    /// The policy that stepped in; `None` for the operation's own error.
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Operation(_) => None,
            Self::CircuitOpen { policy, .. }
            | Self::Timeout { policy, .. }
            | Self::BulkheadFull { policy, .. }
            | Self::RateLimited { policy, .. }
            | Self::Shed { policy, .. }
            | Self::RetriesExhausted { policy, .. }
            | Self::FallbackFailed { policy, .. }
            | Self::Misconfigured { policy, .. }
            | Self::DeadlineExceeded { policy } => Some(policy),
        }
    }

    /// When it may be worth calling again, where the policy knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_after, .. }
            | Self::RateLimited { retry_after, .. }
            | Self::Shed { retry_after, .. } => *retry_after,
            Self::RetriesExhausted { stopped_by: StoppedBy::RetryAfter(asked), .. } => Some(*asked),
            Self::RetriesExhausted { last: error, .. } | Self::FallbackFailed { error, .. } => {
                error.retry_after()
            }
            _ => None,
        }
    }

    /// Turned away before the operation started.
    pub fn is_rejection(&self) -> bool {
        match self {
            Self::CircuitOpen { .. }
            | Self::BulkheadFull { .. }
            | Self::RateLimited { .. }
            | Self::Shed { .. }
            | Self::Misconfigured { .. }
            | Self::DeadlineExceeded { .. } => true,
            Self::RetriesExhausted { last: error, .. } | Self::FallbackFailed { error, .. } => {
                error.is_rejection()
            }
            Self::Operation(_) | Self::Timeout { .. } => false,
        }
    }

    /// No answer in time.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::DeadlineExceeded { .. } => true,
            Self::RetriesExhausted { last: error, .. } | Self::FallbackFailed { error, .. } => {
                error.is_timeout()
            }
            _ => false,
        }
    }
}
