use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

/// The coarse clock never lags by more: whoever promises others a bound counts on so much less.
pub(crate) const RESOLUTION: Duration = Duration::from_millis(10);

/// The clock that deadlines are read on: nanoseconds since the cache was built.
///
/// A precise reading costs more than all the rest of a hit, so on Linux this is the kernel's coarse clock, which moves once
/// a tick (1 to 10 ms, mostly 4) and costs a quarter; elsewhere it is the precise one. A test that pauses tokio's clock
/// means that clock, so then it is followed instead.
#[derive(Debug)]
pub(crate) struct Monotonic {
    tokio: Instant,
    coarse: coarse::Instant,
    follows_tokio: AtomicBool,
}

impl Monotonic {
    pub(crate) fn new() -> Self {
        Self {
            tokio: Instant::now(),
            coarse: coarse::Instant::now(),
            follows_tokio: AtomicBool::new(tokio_may_be_paused()),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        let since = if self.follows_tokio.load(Ordering::Relaxed) {
            self.tokio.elapsed()
        } else {
            return self.coarse.elapsed_nanos();
        };
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    /// So long from now; beyond the clock's range is its end.
    pub(crate) fn after(&self, left: Duration) -> u64 {
        self.now().saturating_add(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX))
    }

    /// From now on tokio's clock counts: it was seen to go another way.
    pub(crate) fn follow_tokio(&self) {
        self.follows_tokio.store(true, Ordering::Relaxed);
    }
}

/// Only a current-thread runtime can pause its clock. Whether it did is seen; whether it will is not, so in debug builds,
/// where 20 ns are nothing, it is taken for granted.
fn tokio_may_be_paused() -> bool {
    let pausable =
        Handle::try_current().is_ok_and(|own| own.runtime_flavor() == RuntimeFlavor::CurrentThread);
    pausable && (cfg!(debug_assertions) || stands_still())
}

/// Whether tokio's clock shows the same after real time passed between two looks at it.
fn stands_still() -> bool {
    let before = Instant::now();
    let real = std::time::Instant::now();
    while std::time::Instant::now() == real {
        std::hint::spin_loop();
    }
    Instant::now() == before
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod coarse {
    use rustix::time::{ClockId, clock_gettime};

    #[derive(Debug, Clone, Copy)]
    pub(super) struct Instant(u64);

    impl Instant {
        pub(super) fn now() -> Self {
            let now = clock_gettime(ClockId::MonotonicCoarse);
            let part = |value: i64| u64::try_from(value).unwrap_or(0);
            Self(part(now.tv_sec) * 1_000_000_000 + part(now.tv_nsec))
        }

        pub(super) fn elapsed_nanos(self) -> u64 {
            Self::now().0.saturating_sub(self.0)
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod coarse {
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Instant(std::time::Instant);

    impl Instant {
        pub(super) fn now() -> Self {
            Self(std::time::Instant::now())
        }

        pub(super) fn elapsed_nanos(self) -> u64 {
            u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Monotonic, stands_still};

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_coarse_clock_runs_with_the_precise_one() {
        let (clock, real) = (Monotonic::new(), std::time::Instant::now());
        assert!(!clock.follows_tokio.load(std::sync::atomic::Ordering::Relaxed));
        std::thread::sleep(Duration::from_millis(60));
        let (shown, least) = (Duration::from_nanos(clock.now()), Duration::from_millis(60));
        let slack = Duration::from_millis(11);
        assert!(shown + slack >= least, "{shown:?}");
        assert!(shown <= real.elapsed() + slack, "{shown:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_is_seen_and_followed() {
        assert!(stands_still());
        let clock = Monotonic::new();
        let before = clock.now();
        tokio::time::advance(Duration::from_secs(300)).await;
        assert_eq!(clock.now() - before, 300_000_000_000);
        tokio::time::resume();
        assert!(!stands_still());
    }

    #[test]
    fn the_end_of_the_range_is_not_passed() {
        assert_eq!(Monotonic::new().after(Duration::MAX), u64::MAX);
    }
}
