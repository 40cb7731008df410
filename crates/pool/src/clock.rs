use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::inner::Inner;
use crate::manager::Manager;
use crate::observer::Observer;
use crate::state::State;

/// How many ticks without a single checkout the ticker waits before it ends: a second at the default resolution.
const QUIET_TICKS: u32 = 100;

/// The time by which a pool judges its connections, read at most once in a resolution.
///
/// A reading costs as much as the rest of a checkout. So the first checkout after a tick reads the clock and those that follow reuse
/// its reading until the next tick. The ticker runs only while there are checkouts. Guarded by the pool's lock.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The latest time anybody brought along: good enough for returns, which read none.
    seen: Instant,
    /// Whether `seen` was read since the last tick.
    fresh: bool,
    ticking: bool,
    quiet: u32,
    resolution: Duration,
}

impl Clock {
    pub(crate) fn new(now: Instant, resolution: Duration) -> Self {
        Self { seen: now, fresh: false, ticking: false, quiet: 0, resolution }
    }

    #[inline]
    pub(crate) fn seen(&self) -> Instant {
        self.seen
    }

    /// Takes in a reading that somebody else has made.
    #[inline]
    pub(crate) fn note(&mut self, now: Instant) -> Instant {
        self.seen = self.seen.max(now);
        self.seen
    }

    /// The time as of this tick, if it has been read.
    #[inline]
    pub(crate) fn this_tick(&self) -> Option<Instant> {
        self.fresh.then_some(self.seen)
    }

    /// Reads the clock; the second value asks for a ticker to be started.
    #[cold]
    pub(crate) fn read(&mut self) -> (Instant, bool) {
        let starts = !self.resolution.is_zero() && !self.ticking;
        self.ticking |= starts;
        self.fresh = self.ticking;
        (self.note(Instant::now()), starts)
    }

    /// Ends a tick; `None` ends the ticker.
    pub(crate) fn tick(&mut self) -> Option<Duration> {
        self.quiet = if self.fresh { 0 } else { self.quiet + 1 };
        self.fresh = false;
        (self.quiet < QUIET_TICKS && !self.resolution.is_zero()).then_some(self.resolution)
    }

    pub(crate) fn set_resolution(&mut self, resolution: Duration) {
        self.resolution = resolution;
        self.fresh = false;
    }

    pub(crate) fn resolution(&self) -> Duration {
        self.resolution
    }

    #[inline]
    pub(crate) fn is_ticking(&self) -> bool {
        self.ticking
    }

    /// While the ticker runs.
    #[inline]
    pub(crate) fn two_ticks(&self) -> Option<Duration> {
        self.ticking.then(|| self.resolution * 2)
    }

    pub(crate) fn stop(&mut self) {
        self.ticking = false;
        self.fresh = false;
        self.quiet = 0;
    }
}

/// A ticker that runs; dropping it, even by the end of the runtime, has the clock read again at every checkout.
pub(crate) struct Ticker<M: Manager, O: Observer>(Weak<Inner<M, O>>);

impl<M: Manager, O: Observer> Ticker<M, O> {
    pub(crate) fn new(pool: &Arc<Inner<M, O>>) -> Self {
        Self(Arc::downgrade(pool))
    }
}

impl<M: Manager, O: Observer> Drop for Ticker<M, O> {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.unsettled(State::ticks_no_more);
        }
    }
}

/// Ticks until the pool is dropped or has been quiet for a while.
pub(crate) async fn run<M: Manager, O: Observer>(ticker: Ticker<M, O>) {
    let mut next = ticker.0.upgrade().map(|inner| inner.read(State::clock_ticks));
    while let Some(pause) = next {
        sleep(pause).await;
        next = ticker.0.upgrade().and_then(|inner| inner.unsettled(State::tick));
    }
}
