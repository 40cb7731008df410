use crate::{Error, Verdict};
use std::time::Duration;

/// Judges an outcome. Implemented for `Fn(Result<&T, &Error<E>>) -> Verdict`.
///
/// User code: it is called under no lock, once an outcome.
pub trait Classify<T, E> {
    /// What `outcome` means.
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict;

    /// How long the callee asks to be left alone after this failure. Asked by a [`Retry`](crate::Retry), of failures only.
    /// Default: what the rejection of a policy further in says.
    fn retry_after(&self, outcome: Result<&T, &Error<E>>) -> Option<Duration> {
        outcome.err().and_then(Error::retry_after)
    }
}

impl<T, E, F: Fn(Result<&T, &Error<E>>) -> Verdict> Classify<T, E> for F {
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        self(outcome)
    }
}

/// A breaker's default: values are successes, operation errors and timeouts are failures, and the rejections of
/// policies further in say nothing about the callee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures;

impl<T, E> Classify<T, E> for Failures {
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) if error.is_rejection() => Verdict::Ignore,
            Err(_) => Verdict::Failure,
        }
    }
}

/// A retry's default: operation errors and timeouts are tried again, rejections and exhausted inner retries are not,
/// since trying again at once would defeat the policy that declined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retryable;

impl<T, E> Classify<T, E> for Retryable {
    #[inline]
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(Error::Operation(_) | Error::Timeout { .. }) => Verdict::Failure,
            Err(_) => Verdict::Ignore,
        }
    }
}

/// A hedge's and a fallback's default: values are successes and every error is a failure, whoever it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnyError;

impl<T, E> Classify<T, E> for AnyError {
    #[inline]
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        if outcome.is_ok() { Verdict::Success } else { Verdict::Failure }
    }
}

/// Errors for which the closure answers `true` are failures, other errors are ignored, values are successes.
#[derive(Clone, Copy)]
pub struct ByError<F>(pub(crate) F);

impl<F> std::fmt::Debug for ByError<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByError(..)")
    }
}

impl<T, E, F: Fn(&Error<E>) -> bool> Classify<T, E> for ByError<F> {
    #[inline]
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) if (self.0)(error) => Verdict::Failure,
            Err(_) => Verdict::Ignore,
        }
    }
}
