use std::time::Duration;

use tokio::time::Instant;

/// A connection with what the pool knows of it; boxed, so that a hand-over moves a pointer.
#[derive(Debug)]
pub(crate) struct Live<C> {
    pub(crate) connection: C,
    /// Where [`Checkouts`](crate::checkouts::Checkouts) notes who has it.
    pub(crate) slot: usize,
    pub(crate) idle_since: Instant,
    /// When it was last known to work: returned by a caller, or checked.
    pub(crate) proven_at: Instant,
    pub(crate) lifespan: Lifespan,
    /// How many changes of the pool it has seen.
    pub(crate) epoch: u64,
    /// Of which thread's [magazine](crate::magazine) it is.
    pub(crate) magazine: Option<usize>,
    /// To be closed instead of taken back. Here and not in the guard, which stays two pointers that move in registers.
    pub(crate) broken: bool,
    /// When the caller got it; kept only for an observer.
    pub(crate) lent_at: Option<Instant>,
}

/// How old a connection may grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifespan {
    born_at: Instant,
    /// 0.9 to 1: connections made together shall neither go nor be checked together.
    jitter: f64,
    aged_at: Option<Instant>,
    ends_at: Option<Instant>,
}

impl Lifespan {
    pub(crate) fn new(now: Instant, max: Option<Duration>, rng: &mut fastrand::Rng) -> Self {
        let mut lifespan =
            Self { born_at: now, jitter: 1.0 - rng.f64() / 10.0, aged_at: None, ends_at: None };
        lifespan.set_max(max);
        lifespan
    }

    pub(crate) fn set_max(&mut self, max: Option<Duration>) {
        self.aged_at = max.map(|max| self.born_at + self.jittered(max));
        self.ends_at = max.map(|max| self.born_at + max);
    }

    pub(crate) fn jittered(&self, span: Duration) -> Duration {
        span.mul_f64(self.jitter)
    }

    pub(crate) fn born_at(&self) -> Instant {
        self.born_at
    }

    /// Whether it should be replaced when that is convenient.
    #[inline]
    pub(crate) fn is_aged(&self, now: Instant) -> bool {
        self.aged_at.is_some_and(|at| at <= now)
    }

    /// Whether it may not be used any more.
    #[inline]
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.ends_at.is_some_and(|at| at <= now)
    }
}
