use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::gauges::Gauges;
use super::totals::Totals;

/// What a [`Monitor`](super::Monitor) saw at one time: a point of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// When.
    pub at: Instant,
    /// The counts at that time.
    pub gauges: Gauges,
    /// What had happened until then, if the monitor has timings; differences of neighbours are rates.
    pub totals: Option<Totals>,
}

/// The latest readings, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<VecDeque<Reading>>);

impl History {
    pub(super) fn push(&self, reading: Reading, keep: usize) {
        let mut readings = self.0.lock();
        while readings.len() >= keep {
            readings.pop_front();
        }
        readings.push_back(reading);
    }

    pub(super) fn all(&self) -> Vec<Reading> {
        self.0.lock().iter().copied().collect()
    }
}
