use std::time::Duration;

use tokio::time::Instant;

/// When the next key may begin. What was not used is not saved up: after a pause nothing bursts.
#[derive(Debug)]
pub(super) struct Pace {
    a_key: Duration,
    next: Instant,
}

impl Pace {
    pub(super) fn new(rate: Option<u32>) -> Self {
        let a_key = rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
        Self { a_key, next: Instant::now() }
    }

    pub(super) fn next(&self) -> Instant {
        self.next
    }

    pub(super) fn took(&mut self, keys: usize) {
        if self.a_key.is_zero() {
            return;
        }
        let keys = u32::try_from(keys).unwrap_or(u32::MAX);
        self.next = self.next.max(Instant::now()) + self.a_key.saturating_mul(keys);
    }
}
