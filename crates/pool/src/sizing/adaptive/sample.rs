use std::time::Duration;

/// What was measured in one window: all that a [`Controller`](super::Controller) knows of the world.
///
/// How long callers waited is not in it on purpose: a pool that grows on waiting crowds a server that is already too slow, callers wait
/// longer still, and it grows on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// How long the window was.
    pub elapsed: Duration,
    /// Connections that came back.
    pub holds: u64,
    /// How long these were held, in all.
    pub hold_total: Duration,
    /// Connections in use on average, those included that are being checked or cleaned.
    pub in_use: f64,
    /// Connections open at the end.
    pub open: usize,
    /// The size in force.
    pub size: usize,
    /// Connects that the server refused for having too many.
    pub refused: u64,
}

impl Sample {
    /// A window of `elapsed` in which nothing happened to a pool of `size`.
    #[must_use]
    pub fn new(elapsed: Duration, size: usize) -> Self {
        Self { elapsed, size, ..Self::default() }
    }

    /// Sets how many connections came back and how long they were held in all.
    #[must_use]
    pub fn holds(mut self, holds: u64, hold_total: Duration) -> Self {
        (self.holds, self.hold_total) = (holds, hold_total);
        self
    }

    /// Sets how many connections were open at the end, and how many in use on average.
    #[must_use]
    pub fn open(mut self, open: usize, in_use: f64) -> Self {
        (self.open, self.in_use) = (open, in_use);
        self
    }

    /// Sets how many connects the server refused for having too many.
    #[must_use]
    pub fn refused(mut self, refused: u64) -> Self {
        self.refused = refused;
        self
    }

    /// How long a connection was held on average, if enough came back to say.
    pub(super) fn mean_hold(&self, min_samples: u64) -> Option<f64> {
        (self.holds >= min_samples.max(1)).then(|| self.hold_total.as_secs_f64() / self.holds as f64)
    }

    /// Connections in use on average: `λS` by Little's law, or as was seen, whichever is more. A look now and then is coarse where holds
    /// are short; the law misses what is being cleaned, and where holds outlast the window it counts all of them where they end.
    pub(super) fn busy(&self) -> f64 {
        let elapsed = self.elapsed.as_secs_f64();
        let by_law = if elapsed > 0.0 { self.hold_total.as_secs_f64() / elapsed } else { 0.0 };
        by_law.min(self.open as f64).max(self.in_use)
    }

    /// Whether the size keeps callers from having more in use. Arrivals at random spread by the root of their mean; where that is
    /// less than the size, it is the arrivals that say how many work at once, and a lesser size would not relieve the server.
    pub(super) fn binds(&self) -> bool {
        let busy = self.busy();
        busy + busy.sqrt() >= self.size as f64
    }
}
