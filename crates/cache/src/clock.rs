use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The namespace clock: a hybrid logical clock in microseconds (Kulkarni et al., 2014).
///
/// It moves only when something is invalidated (`tick`) or when a larger reading arrives from elsewhere (`observe`); reading
/// it never moves it. So an entry whose `born` was read before a tick is older than that tick's stamp, always, and one read
/// after is not. Because a tick is at least the wall clock, readings stay comparable over a restart.
#[derive(Debug)]
pub(crate) struct Clock {
    last: AtomicU64,
    started: Instant,
    started_std: std::time::Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let clock =
            Self { last: AtomicU64::new(0), started: Instant::now(), started_std: std::time::Instant::now() };
        clock.observe(clock.wall_micros());
        clock
    }

    pub(crate) fn read(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    pub(crate) fn tick(&self) -> u64 {
        let now = self.wall_micros();
        let next = |last: u64| now.max(last.saturating_add(1));
        match self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last))) {
            Ok(last) | Err(last) => next(last),
        }
    }

    pub(crate) fn observe(&self, seen: u64) {
        self.last.fetch_max(seen, Ordering::SeqCst);
    }

    /// Microseconds since this clock was made: what memory's trust is measured in.
    pub(crate) fn coarse(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Milliseconds since the Unix epoch: what expiry times in shared layers are written in.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.wall_micros() / 1_000
    }

    /// The wall clock, moved by as much as tokio's clock was moved by a test; in a running service that is nothing.
    fn wall_micros(&self) -> u64 {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let wall = (wall + self.started.elapsed()).saturating_sub(self.started_std.elapsed());
        u64::try_from(wall.as_micros()).unwrap_or(u64::MAX)
    }
}
