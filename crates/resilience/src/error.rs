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
    #[error("circuit `{policy}` is open{}", retry_hint(.retry_after))]
    CircuitOpen {
        /// The breaker's name.
        policy: Arc<str>,
        /// Time to the next probe; `None` while probes are out.
        retry_after: Option<Duration>,
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
    /// There was no time left to start.
    #[error("`{policy}`: the caller's deadline passed before the call could start")]
    DeadlineExceeded {
        /// The policy that declined to start.
        policy: Arc<str>,
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
}

impl std::fmt::Display for StoppedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Attempts => "no attempts left",
            Self::Deadline => "no time left",
        })
    }
}

fn retry_hint(after: &Option<Duration>) -> String {
    after.map_or_else(String::new, |after| format!(", next probe in {after:?}"))
}

impl<E> Error<E> {
    /// The operation's own error, also where retries wrap it.
    pub fn operation(&self) -> Option<&E> {
        match self {
            Self::Operation(error) => Some(error),
            Self::RetriesExhausted { last, .. } => last.operation(),
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
            other => Err(other),
        }
    }

    /// The policy that stepped in; `None` for the operation's own error.
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Operation(_) => None,
            Self::CircuitOpen { policy, .. }
            | Self::Timeout { policy, .. }
            | Self::BulkheadFull { policy, .. }
            | Self::RetriesExhausted { policy, .. }
            | Self::DeadlineExceeded { policy } => Some(policy),
        }
    }

    /// When it may be worth calling again, where the policy knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_after, .. } => *retry_after,
            Self::RetriesExhausted { last, .. } => last.retry_after(),
            _ => None,
        }
    }

    /// Turned away before the operation started.
    pub fn is_rejection(&self) -> bool {
        match self {
            Self::CircuitOpen { .. } | Self::BulkheadFull { .. } | Self::DeadlineExceeded { .. } => true,
            Self::RetriesExhausted { last, .. } => last.is_rejection(),
            Self::Operation(_) | Self::Timeout { .. } => false,
        }
    }

    /// No answer in time.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::DeadlineExceeded { .. } => true,
            Self::RetriesExhausted { last, .. } => last.is_timeout(),
            _ => false,
        }
    }
}
