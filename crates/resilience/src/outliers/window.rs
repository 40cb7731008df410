/// The share of the window that is forgotten at a time is one of so many.
pub(super) const BUCKETS: usize = 10;

/// Successes and failures of the last ten buckets of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    counts: [Totals; BUCKETS],
    /// How long a bucket is; another length begins anew.
    width: u64,
    /// The number of the newest bucket.
    newest: u64,
    /// The sum of `counts`.
    sum: Totals,
}

/// Outcomes counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) calls: u64,
    pub(super) failures: u64,
}

impl Totals {
    pub(super) fn failure_rate(self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.failures as f64 / self.calls as f64 }
    }
}

impl Window {
    /// Counts an outcome; answers what is in the window with it.
    pub(super) fn record(&mut self, now: u64, width: u64, failed: bool) -> Totals {
        let number = now / width;
        if self.width != width {
            *self = Self { width, newest: number, ..Self::default() };
        }
        // However long nothing came, every bucket is cleared once at most.
        let passed = number.saturating_sub(self.newest);
        for n in 0..passed.min(BUCKETS as u64) {
            let gone = std::mem::take(&mut self.counts[((number - n) % BUCKETS as u64) as usize]);
            self.sum.calls -= gone.calls;
            self.sum.failures -= gone.failures;
        }
        self.newest = self.newest.max(number);
        for totals in [&mut self.counts[(self.newest % BUCKETS as u64) as usize], &mut self.sum] {
            totals.calls += 1;
            totals.failures += u64::from(failed);
        }
        self.sum
    }

    /// Of what has not left the window by now.
    pub(super) fn totals(&self, now: u64) -> Totals {
        let number = now.checked_div(self.width).unwrap_or(0);
        let oldest = number.saturating_sub(BUCKETS as u64 - 1);
        let mut totals = Totals::default();
        for n in self.newest.saturating_sub(BUCKETS as u64 - 1).max(oldest)..=self.newest {
            let bucket = self.counts[(n % BUCKETS as u64) as usize];
            totals.calls += bucket.calls;
            totals.failures += bucket.failures;
        }
        totals
    }
}
