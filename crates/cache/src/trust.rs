use std::sync::atomic::{AtomicU64, Ordering};

/// How long memory may be believed: whoever hears from the other nodes extends it, and who no longer hears lets it run out.
///
/// It holds by the clock and not by a task, so a task that is late or dead cannot make it longer. Without other nodes to
/// hear of it never ends. Times are those of [`Monotonic`](crate::monotonic::Monotonic), which lags by up to its resolution:
/// who promises others a bound extends by that much less.
#[derive(Debug)]
pub(crate) struct Trust(AtomicU64);

impl Default for Trust {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

#[cfg_attr(not(test), expect(dead_code, reason = "no layer announces invalidations yet"))]
impl Trust {
    /// Moves the end of trust, never backwards.
    pub(crate) fn extend(&self, until: u64) {
        self.0.fetch_max(until, Ordering::AcqRel);
    }

    /// Ends trust at once.
    pub(crate) fn revoke(&self) {
        self.0.store(0, Ordering::Release);
    }
}

impl Trust {
    pub(crate) fn until(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}
