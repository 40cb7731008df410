use std::time::Duration;
use tokio::time::Instant;

/// Virtual time since the run began, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// Starts now.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> u64 {
        nanos(self.0.elapsed())
    }

    /// The tokio moment of `nanos` after the start, or one that no run sees.
    pub(super) fn instant(self, nanos: u64) -> Instant {
        self.0.checked_add(Duration::from_nanos(nanos)).unwrap_or(self.0)
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
