use crate::{Classify, Error, Verdict};

/// An adaptive limit's default: values are successes whose latency counts, timeouts are signs of overload, and every
/// other error says nothing.
///
/// An error that comes quickly would look like a quick service and draw more load to one that is failing; which errors
/// mean overload (a 429, a 503) only the caller knows: [`overload_if`](super::AdaptiveLimit::overload_if).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overloads;

impl<T, E> Classify<T, E> for Overloads {
    fn classify(&self, outcome: Result<&T, &Error<E>>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(Error::Timeout { .. }) => Verdict::Failure,
            Err(_) => Verdict::Ignore,
        }
    }
}
