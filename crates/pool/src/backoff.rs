use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Fault;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(5);

/// The pause between failed connects, shared by every connect of a pool: a server that comes back meets one attempt at a time.
///
/// Doubles from 10 ms to 5 s; each pause is drawn from the upper half of its step. Guarded by the pool's lock.
#[derive(Debug)]
pub(crate) struct Backoff<E> {
    failures: u32,
    retry_at: Option<Instant>,
    last_error: Option<Arc<Fault<E>>>,
}

impl<E> Backoff<E> {
    pub(crate) fn new() -> Self {
        Self { failures: 0, retry_at: None, last_error: None }
    }

    /// Notes a failure; the error it replaces is the caller's to drop, outside of the lock.
    pub(crate) fn failed(
        &mut self,
        error: Arc<Fault<E>>,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Option<Arc<Fault<E>>> {
        // Past 2^9 the cap decides; the shift must not overflow after a long outage.
        let step = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.retry_at = Some(now + step.mul_f64(0.5 + rng.f64() / 2.0));
        self.failures = self.failures.saturating_add(1);
        self.last_error.replace(error)
    }

    pub(crate) fn succeeded(&mut self) -> Option<Arc<Fault<E>>> {
        std::mem::replace(self, Self::new()).last_error
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
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

    #[test]
    fn pauses_double_to_the_cap_and_reset_on_success() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut backoff = Backoff::<std::io::Error>::new();
        let now = Instant::now();
        for failures in 0..40u32 {
            let error = Arc::new(Fault::TimedOut { after: Duration::from_secs(1) });
            backoff.failed(error, now, &mut rng);
            let step = FIRST.saturating_mul(1 << failures.min(10)).min(LONGEST);
            let pause = backoff.pause(now).unwrap() - now;
            assert!(
                pause >= step / 2 && pause <= step,
                "failure {failures}: {pause:?} outside half of {step:?}"
            );
        }
        backoff.succeeded();
        assert!(!backoff.is_failing() && backoff.pause(now).is_none() && backoff.last_error().is_none());
    }
}
