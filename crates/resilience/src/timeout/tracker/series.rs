use super::{Ending, EndpointStats, TrackerConfig};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// One endpoint's times: a ring of sub-windows, each used again once it has left the window.
#[derive(Debug)]
pub(super) struct Series(Mutex<Box<[Option<SubWindow>]>>);

#[derive(Debug)]
struct SubWindow {
    /// Which stretch of time it holds, counted from the tracker's start.
    turn: u64,
    sums: Sums,
    /// In microseconds.
    times: Histogram<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Sums {
    count: u64,
    timeouts: u64,
    abandoned: u64,
    min: Duration,
    max: Duration,
    total: Duration,
}

impl Sums {
    const NONE: Self = Self {
        count: 0,
        timeouts: 0,
        abandoned: 0,
        min: Duration::MAX,
        max: Duration::ZERO,
        total: Duration::ZERO,
    };

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.timeouts += other.timeouts;
        self.abandoned += other.abandoned;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.total = self.total.saturating_add(other.total);
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

impl SubWindow {
    fn new(turn: u64) -> Self {
        Self { turn, sums: Sums::NONE, times: histogram() }
    }

    fn begin(&mut self, turn: u64) {
        self.turn = turn;
        self.sums = Sums::NONE;
        self.times.reset();
    }
}

impl Series {
    pub(super) fn new(config: &TrackerConfig) -> Self {
        Self(Mutex::new((0..config.sub_windows).map(|_| None).collect()))
    }

    pub(super) fn record(&self, turn: u64, took: Duration, ending: Ending) {
        let mut ring = self.0.lock();
        let at = usize::try_from(turn % ring.len() as u64).expect("less than the ring is long");
        let sub_window = ring[at].get_or_insert_with(|| SubWindow::new(turn));
        // Whoever comes late, having read the clock in a stretch that is over, counts for the one that is running.
        if sub_window.turn < turn {
            sub_window.begin(turn);
        }
        sub_window.sums.add(Sums {
            count: 1,
            timeouts: u64::from(ending == Ending::TimedOut),
            abandoned: u64::from(ending == Ending::Abandoned),
            min: took,
            max: took,
            total: took,
        });
        sub_window.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Of the window that ends with `turn`.
    pub(super) fn stats(&self, endpoint: Arc<str>, turn: u64) -> EndpointStats {
        let mut sums = Sums::NONE;
        let mut times = histogram();
        {
            let ring = self.0.lock();
            let in_window = |sub_window: &&SubWindow| sub_window.turn + ring.len() as u64 > turn;
            for sub_window in ring.iter().flatten().filter(in_window) {
                sums.add(sub_window.sums);
                times.add(&sub_window.times).expect("all histograms have the same bounds");
            }
        }
        let min = if sums.count == 0 { Duration::ZERO } else { sums.min };
        let at = |quantile| Duration::from_micros(times.value_at_quantile(quantile)).clamp(min, sums.max);
        EndpointStats {
            endpoint,
            count: sums.count,
            timeouts: sums.timeouts,
            abandoned: sums.abandoned,
            min,
            max: sums.max,
            mean: sums.mean(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
        }
    }
}
