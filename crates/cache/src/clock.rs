use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::monotonic::Monotonic;

/// Two clocks that are further apart than two looks at them can be were moved apart.
const MOVED: Duration = Duration::from_secs(1);

/// One look at all clocks, for what is judged together: a look at each costs more than the rest of the judgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    /// Milliseconds since the Unix epoch: what expiry times in shared layers are written in.
    pub(crate) wall_ms: u64,
    /// What deadlines in memory are written in.
    coarse: u64,
}

impl Now {
    /// A deadline on the clock that hits read.
    pub(crate) fn coarse(&self, deadline: Instant) -> u64 {
        let left = deadline.saturating_duration_since(self.instant).as_nanos();
        self.coarse.saturating_add(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

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
    monotonic: Monotonic,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let clock = Self {
            last: AtomicU64::new(0),
            started: Instant::now(),
            started_std: std::time::Instant::now(),
            monotonic: Monotonic::new(),
        };
        clock.observe(clock.wall().0);
        clock
    }

    pub(crate) fn read(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    pub(crate) fn tick(&self) -> u64 {
        let (now, _) = self.wall();
        let next = |last: u64| now.max(last.saturating_add(1));
        match self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last))) {
            Ok(last) | Err(last) => next(last),
        }
    }

    pub(crate) fn observe(&self, seen: u64) {
        // Mostly nothing new, and then nothing is written that other threads read.
        if self.read() < seen {
            self.last.fetch_max(seen, Ordering::SeqCst);
        }
    }

    /// Nanoseconds since this clock was made, as coarse as [`Monotonic`] is: what deadlines in memory are written in.
    pub(crate) fn now(&self) -> u64 {
        self.monotonic.now()
    }

    /// The deadline of what lives so long from now on, on the clock that hits read.
    pub(crate) fn deadline(&self, left: Duration) -> u64 {
        self.monotonic.after(left)
    }

    pub(crate) fn look(&self) -> Now {
        let (wall, instant) = self.wall();
        Now { instant, wall_ms: wall / 1_000, coarse: self.now() }
    }

    /// The wall clock, as [`Now`] has it.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.wall().0 / 1_000
    }

    /// The wall clock in microseconds, moved by as much as tokio's clock was moved by a test; in a running service that is nothing.
    /// Answered with the moment it was read at.
    fn wall(&self) -> (u64, Instant) {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let now = Instant::now();
        let (shown, real) = (now - self.started, self.started_std.elapsed());
        if shown.abs_diff(real) > MOVED {
            self.monotonic.follow_tokio();
        }
        let wall = (wall + shown).saturating_sub(real);
        (u64::try_from(wall.as_micros()).unwrap_or(u64::MAX), now)
    }
}
