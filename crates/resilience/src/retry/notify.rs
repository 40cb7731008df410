use crate::Error;
use std::time::Duration;

/// Hears of each failed attempt that will be followed by another: its outcome, the attempts made so far, the pause that
/// begins. Implemented for closures of these three; `()` hears nothing and costs nothing.
///
/// Called in the midst of a call, under no lock, so it should be quick and must not block. Where only counts are wanted
/// an [`Observer`](crate::telemetry::Observer) serves for all policies.
pub trait Notify<T, E> {
    /// An attempt failed, and after `pause` there will be another.
    fn retrying(&self, failed: Result<&T, &Error<E>>, attempts: u32, pause: Duration);
}

impl<T, E> Notify<T, E> for () {
    #[inline]
    fn retrying(&self, _failed: Result<&T, &Error<E>>, _attempts: u32, _pause: Duration) {}
}

impl<T, E, F: Fn(Result<&T, &Error<E>>, u32, Duration)> Notify<T, E> for F {
    fn retrying(&self, failed: Result<&T, &Error<E>>, attempts: u32, pause: Duration) {
        self(failed, attempts, pause);
    }
}
