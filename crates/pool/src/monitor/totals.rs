use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What has happened since the start; differences of two are rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Callers who got a connection.
    pub served: u64,
    /// Callers who waited in vain.
    pub timed_out: u64,
    /// Callers who went away.
    pub cancelled: u64,
    /// Callers turned away, the pool being closed or the server away.
    pub turned_away: u64,
    /// Connects that succeeded.
    pub connects: u64,
    /// Connects that failed.
    pub failed_connects: u64,
    /// Of these, those the server refused for having too many.
    pub too_many: u64,
    /// Checks that failed.
    pub failed_checks: u64,
    /// Connections that came back.
    pub holds: u64,
    /// How long these were held, in all.
    pub held: Duration,
    /// Connections that left the pool.
    pub closed: u64,
}

/// Each counts by itself: a reading may see a caller served whose connect is not counted yet.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) served: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) turned_away: AtomicU64,
    pub(super) connects: AtomicU64,
    pub(super) failed_connects: AtomicU64,
    pub(super) too_many: AtomicU64,
    pub(super) failed_checks: AtomicU64,
    pub(super) holds: AtomicU64,
    pub(super) held_nanos: AtomicU64,
    pub(super) closed: AtomicU64,
}

impl Counters {
    pub(super) fn totals(&self) -> Totals {
        Totals {
            served: self.served.load(Relaxed),
            timed_out: self.timed_out.load(Relaxed),
            cancelled: self.cancelled.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            connects: self.connects.load(Relaxed),
            failed_connects: self.failed_connects.load(Relaxed),
            too_many: self.too_many.load(Relaxed),
            failed_checks: self.failed_checks.load(Relaxed),
            holds: self.holds.load(Relaxed),
            held: Duration::from_nanos(self.held_nanos.load(Relaxed)),
            closed: self.closed.load(Relaxed),
        }
    }
}
