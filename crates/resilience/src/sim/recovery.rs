use super::Report;
use std::{ops::Range, time::Duration};

/// How goodput came back after a fault.
///
/// It is back in the first slice after the fault's end from which on, over five slices together, the share of calls that
/// succeed is 95 % of what it was before the fault.
#[derive(Clone, Debug)]
pub struct Recovery<'r> {
    report: &'r Report,
    fault: Range<Duration>,
    share: f64,
}

/// Slices over which goodput must be back: one good slice may be luck.
const SUSTAINED: usize = 5;

impl<'r> Recovery<'r> {
    pub(super) fn new(report: &'r Report, fault: Range<Duration>) -> Self {
        Self { report, fault, share: 0.95 }
    }

    /// Sets the share of the goodput before the fault that counts as recovered. Default 0.95.
    #[must_use]
    pub fn to(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Goodput before the fault; 1 where no call came before it.
    pub fn before(&self) -> f64 {
        self.report.between(..self.fault.start).figures().goodput
    }

    /// Time from the end of the fault until goodput was back; `None` if it never was.
    pub fn time(&self) -> Option<Duration> {
        let wanted = self.share * self.before();
        let first = self.fault.end.as_nanos() / self.report.scenario.slice.as_nanos();
        let last = self.report.slice_count().checked_sub(SUSTAINED)?;
        let is_back = |slice: &usize| {
            let (offered, succeeded) = self.report.counts(*slice..*slice + SUSTAINED);
            offered > 0 && succeeded as f64 >= wanted * offered as f64
        };
        let slice = (usize::try_from(first).ok()?..=last).find(is_back)?;
        Some(self.report.time_of(slice).saturating_sub(self.fault.end))
    }

    /// Goodput was back no later than this after the end of the fault.
    ///
    /// # Panics
    /// It came back later or not at all; the message holds the seed and the table of the report.
    #[track_caller]
    pub fn assert_within(&self, limit: Duration) -> &Self {
        let time = self.time();
        assert!(
            time.is_some_and(|time| time <= limit),
            "simulation `{}` (seed {}): goodput was back to {} % of the {:.2} % before the fault {}, expected within {limit:?}\n{}",
            self.report.name,
            self.report.scenario.seed,
            self.share * 100.0,
            self.before() * 100.0,
            time.map_or_else(|| "never".into(), |time| format!("{time:?} after its end")),
            self.report
        );
        self
    }

    /// Goodput was not back within this time: what a metastable failure looks like.
    ///
    /// # Panics
    /// It was back; the message holds the seed and the table of the report.
    #[track_caller]
    pub fn assert_not_within(&self, limit: Duration) -> &Self {
        let time = self.time();
        assert!(
            time.is_none_or(|time| time > limit),
            "simulation `{}` (seed {}): goodput was back {time:?} after the fault, expected not within {limit:?}\n{}",
            self.report.name,
            self.report.scenario.seed,
            self.report
        );
        self
    }
}
