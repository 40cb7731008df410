use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use super::phase::PhaseStats;

/// One phase's times: a ring of sub-windows, each used again once it has left the window.
#[derive(Debug)]
pub(super) struct Series(Mutex<Box<[Option<SubWindow>]>>);

#[derive(Debug)]
struct SubWindow {
    /// Which stretch of time it holds, counted from the start.
    turn: u64,
    sums: Sums,
    /// In microseconds.
    times: Histogram<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: u64,
    failed: u64,
    total: Duration,
    max: Duration,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.failed += other.failed;
        self.total = self.total.saturating_add(other.total);
        self.max = self.max.max(other.max);
    }

    fn mean(&self) -> Duration {
        let nanos = self.total.as_nanos().checked_div(self.count.into()).unwrap_or_default();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Up to an hour, to two digits.
fn histogram() -> Histogram<u32> {
    const HOUR_IN_MICROS: u64 = 60 * 60 * 1_000_000;
    Histogram::new_with_bounds(1, HOUR_IN_MICROS, 2).expect("1 < an hour, and 2 digits are at most 5")
}

impl Series {
    pub(super) fn new(sub_windows: usize) -> Self {
        Self(Mutex::new((0..sub_windows).map(|_| None).collect()))
    }

    pub(super) fn record(&self, turn: u64, took: Duration, failed: bool) {
        let mut ring = self.0.lock();
        let at = usize::try_from(turn % ring.len() as u64).expect("less than the ring is long");
        let sub_window =
            ring[at].get_or_insert_with(|| SubWindow { turn, sums: Sums::default(), times: histogram() });
        // Whoever comes late, having read the clock in a stretch that is over, counts for the one that is running.
        if sub_window.turn < turn {
            sub_window.turn = turn;
            sub_window.sums = Sums::default();
            sub_window.times.reset();
        }
        sub_window.sums.add(Sums { count: 1, failed: failed.into(), total: took, max: took });
        sub_window.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Of the window that ends with `turn`.
    pub(super) fn stats(&self, turn: u64) -> PhaseStats {
        let mut sums = Sums::default();
        let mut times = histogram();
        {
            let ring = self.0.lock();
            let in_window = |sub_window: &&SubWindow| sub_window.turn + ring.len() as u64 > turn;
            for sub_window in ring.iter().flatten().filter(in_window) {
                sums.add(sub_window.sums);
                times.add(&sub_window.times).expect("all histograms have the same bounds");
            }
        }
        let at = |quantile| Duration::from_micros(times.value_at_quantile(quantile)).min(sums.max);
        PhaseStats {
            count: sums.count,
            failed: sums.failed,
            mean: sums.mean(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: sums.max,
        }
    }
}
