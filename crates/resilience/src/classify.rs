use crate::{Error, Verdict};

/// Judges an outcome. Implemented for `Fn(Result<&T, &Error<E>>) -> Verdict`.
///
/// User code: it is called under no lock, once an outcome.
pub trait Classify<T, E> {
    /// What `outcome` means.
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict;
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
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(Error::Operation(_) | Error::Timeout { .. }) => Verdict::Failure,
            Err(_) => Verdict::Ignore,
        }
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
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) if (self.0)(error) => Verdict::Failure,
            Err(_) => Verdict::Ignore,
        }
    }
}
