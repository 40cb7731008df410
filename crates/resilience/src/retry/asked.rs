use crate::{Classify, Error, Verdict};
use std::time::Duration;

/// A classifier, and a closure that reads from the operation's own error how long the callee asks to be left alone.
#[derive(Clone, Copy)]
pub struct Asked<C, F> {
    pub(super) classifier: C,
    pub(super) retry_after: F,
}

impl<C, F> std::fmt::Debug for Asked<C, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked(..)")
    }
}

impl<T, E, C, F> Classify<T, E> for Asked<C, F>
where
    C: Classify<T, E>,
    F: Fn(&E) -> Option<Duration>,
{
    #[inline]
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        self.classifier.classify(outcome)
    }

    fn retry_after(&self, outcome: Result<&T, &Error<E>>) -> Option<Duration> {
        match outcome {
            Err(Error::Operation(error)) => (self.retry_after)(error),
            outcome => self.classifier.retry_after(outcome),
        }
    }
}
