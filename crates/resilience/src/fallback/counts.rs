use crate::counter::Counter;

/// Touched only by calls that failed.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) answered: Counter,
    pub(super) failed: Counter,
    pub(super) passed: Counter,
    pub(super) would_answer: Counter,
}

/// What falling back has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FallbackStats {
    /// Failed calls that it answered.
    pub answered: u64,
    /// Failed calls in which the operation that stood in failed, too.
    pub failed: u64,
    /// Errors that it left as they were, since its classifier calls them no failure.
    pub passed: u64,
    /// Failed calls that it would have answered, were it not in shadow mode.
    pub would_answer: u64,
}

impl Counts {
    pub(super) fn read(&self) -> FallbackStats {
        FallbackStats {
            answered: self.answered.get(),
            failed: self.failed.get(),
            passed: self.passed.get(),
            would_answer: self.would_answer.get(),
        }
    }
}
