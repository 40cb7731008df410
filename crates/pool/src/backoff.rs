use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Fault;

const FIRST: Duration = Duration::from_millis(10);

/// The pause between failed connects, shared by every connect of a pool: a server that comes back meets one attempt at a time.
///
/// Doubles from 10 ms to the configured longest; each pause is drawn from the upper half of its step. Guarded by the pool's lock.
#[derive(Debug)]
pub(crate) struct Backoff<E> {
    failures: u32,
    failing_since: Option<Instant>,
    /// Whether connects succeed and yet nobody can use what they bring: then a connect proves nothing.
    refused: bool,
    retry_at: Option<Instant>,
    last_error: Option<Arc<Fault<E>>>,
}

impl<E> Backoff<E> {
    pub(crate) fn new() -> Self {
        Self { failures: 0, failing_since: None, refused: false, retry_at: None, last_error: None }
    }

    /// Notes a failure; the error it replaces is the caller's to drop, outside of the lock.
    pub(crate) fn failed(
        &mut self,
        error: Arc<Fault<E>>,
        now: Instant,
        longest: Duration,
        rng: &mut fastrand::Rng,
    ) -> Option<Arc<Fault<E>>> {
        // The shift must not overflow after a long outage; 2^20 times 10 ms is longer than any longest.
        let step = FIRST.saturating_mul(1 << self.failures.min(20)).min(longest);
        self.retry_at = Some(now + step.mul_f64(0.5 + rng.f64() / 2.0));
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
        self.last_error.replace(error)
    }

    /// Notes that a hook has refused a connection: without a pause the next would be made and refused at once.
    pub(crate) fn refused(
        &mut self,
        error: Arc<Fault<E>>,
        now: Instant,
        longest: Duration,
        rng: &mut fastrand::Rng,
    ) -> Option<Arc<Fault<E>>> {
        self.refused = true;
        self.failed(error, now, longest, rng)
    }

    /// Notes that a connect has succeeded.
    pub(crate) fn succeeded(&mut self) -> Option<Arc<Fault<E>>> {
        if self.refused { None } else { self.accepted() }
    }

    /// Notes that a hook has let a connection pass.
    pub(crate) fn accepted(&mut self) -> Option<Arc<Fault<E>>> {
        std::mem::replace(self, Self::new()).last_error
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether every attempt has failed for as long.
    pub(crate) fn has_failed_for(&self, span: Duration, now: Instant) -> bool {
        self.failing_since.is_some_and(|since| now.saturating_duration_since(since) >= span)
    }

    /// When the next attempt may start, if that is still to come.
    pub(crate) fn pause(&self, now: Instant) -> Option<Instant> {
        self.retry_at.filter(|at| *at > now)
    }

    pub(crate) fn last_error(&self) -> Option<&Arc<Fault<E>>> {
        self.last_error.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(5);

    #[test]
    fn pauses_double_to_the_cap_and_reset_on_success() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::<std::io::Error>::new();
        let now = Instant::now();
        for failures in 0..40u32 {
            let error = Arc::new(Fault::TimedOut { after: Duration::from_secs(1) });
            backoff.failed(error, now, LONGEST, &mut rng);
            let step = FIRST.saturating_mul(1 << failures.min(20)).min(LONGEST);
            let pause = backoff.pause(now).unwrap() - now;
            assert!(
                pause >= step / 2 && pause <= step,
                "failure {failures}: {pause:?} outside half of {step:?}"
            );
        }
        backoff.succeeded();
        assert!(!backoff.is_failing() && backoff.pause(now).is_none() && backoff.last_error().is_none());
    }

    #[test]
    fn a_connect_does_not_make_up_for_a_refusal() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::<std::io::Error>::new();
        let now = Instant::now();
        let error = Arc::new(Fault::TimedOut { after: Duration::from_secs(1) });
        backoff.refused(error, now, LONGEST, &mut rng);
        backoff.succeeded();
        assert!(backoff.is_failing());
        backoff.accepted();
        assert!(!backoff.is_failing());
    }

    #[test]
    fn an_outage_counts_from_the_first_failure() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::<std::io::Error>::new();
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        assert!(!backoff.has_failed_for(Duration::ZERO, now));
        for after in [0, 2] {
            backoff.failed(
                Arc::new(Fault::TimedOut { after: second }),
                now + second * after,
                LONGEST,
                &mut rng,
            );
        }
        assert!(backoff.has_failed_for(second * 3, now + second * 3));
        assert!(!backoff.has_failed_for(second * 3, now + second * 2));
    }
}
