use super::Schedule;
use super::call::{Outcome, Verdict, Witness};
use super::timeline::{Slice, counted_between};
use crate::domain::{Endpoint, FailureKind, Telemetry};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Microseconds to a minute, three digits. Nothing waits longer: every endpoint has a timeout below that.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("1 to 60,000,000 with three digits is a valid range")
}

pub(super) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What came of a group of calls.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Microseconds from due to answered, failed or cancelled: of every call, right or not.
    pub latency: Histogram<u64>,
    /// Right answers within the endpoint's timeout, degraded ones included.
    pub successes: u64,
    /// Successes that were marked degraded.
    pub degraded: u64,
    /// Answers that are no answer to what was asked.
    pub wrong: u64,
    pub failures: HashMap<FailureKind, u64>,
}

impl Tally {
    fn new() -> Self {
        Self { latency: histogram(), successes: 0, degraded: 0, wrong: 0, failures: HashMap::new() }
    }

    fn add(&mut self, outcome: &Outcome) {
        self.latency.saturating_record(microseconds(outcome.latency));
        match outcome.verdict {
            Verdict::Right { degraded } => {
                self.successes += 1;
                self.degraded += u64::from(degraded);
            }
            Verdict::Wrong => self.wrong += 1,
            Verdict::Failed(kind) => *self.failures.entry(kind).or_default() += 1,
        }
    }

    pub fn requests(&self) -> u64 {
        self.latency.len()
    }

    pub fn failed(&self, kind: FailureKind) -> u64 {
        self.failures.get(&kind).copied().unwrap_or_default()
    }

    /// Failures that the same call, made a little later, would be expected not to meet.
    pub fn transient(&self) -> u64 {
        self.failures.iter().filter(|(kind, _)| kind.is_transient()).map(|(_, count)| count).sum()
    }
}

/// What came of a whole load on one side.
#[derive(Clone, Debug)]
pub struct Run {
    /// Calls a second, as scheduled.
    pub rate: f64,
    /// The schedule's length.
    pub span: Duration,
    /// From the start to the last answer.
    pub took: Duration,
    pub overall: Tally,
    /// In the order of [`Endpoint::ALL`].
    pub by_endpoint: Vec<(Endpoint, Tally)>,
    /// Calls that showed a row older than an update acknowledged before they began.
    pub stale_reads: u64,
    /// Those of them whose answer was marked degraded.
    pub stale_reads_marked: u64,
    /// Microseconds by which the driver started calls late: the error of the latencies.
    pub start_lag: Histogram<u64>,
    pub timeline: Vec<Slice>,
    /// What the service counted about itself during the run; states as they were at its end.
    pub telemetry: Telemetry,
}

/// Collects outcomes while the load runs.
pub(super) struct Recorder(Mutex<Record>);

struct Record {
    overall: Tally,
    by_endpoint: [Tally; Endpoint::ALL.len()],
    stale_reads: u64,
    stale_reads_marked: u64,
    start_lag: Histogram<u64>,
    slice: SliceTally,
}

/// What ended since the timeline last looked.
pub(super) struct SliceTally {
    pub(super) latency: Histogram<u64>,
    pub(super) successes: u64,
    pub(super) errors: u64,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Record {
            overall: Tally::new(),
            by_endpoint: Endpoint::ALL.map(|_| Tally::new()),
            stale_reads: 0,
            stale_reads_marked: 0,
            start_lag: histogram(),
            slice: SliceTally { latency: histogram(), successes: 0, errors: 0 },
        }))
    }

    /// Hands the current slice to `read` and begins another.
    pub(super) fn next_slice<T>(&self, read: impl FnOnce(&SliceTally) -> T) -> T {
        let slice = &mut self.0.lock().slice;
        let result = read(slice);
        slice.latency.reset();
        slice.successes = 0;
        slice.errors = 0;
        result
    }

    pub(super) fn into_run(
        self: Arc<Self>,
        schedule: &Schedule,
        took: Duration,
        timeline: Vec<Slice>,
        before: &Telemetry,
        after: &Telemetry,
    ) -> Run {
        let record = self.0.lock();
        Run {
            rate: schedule.rate,
            span: schedule.span,
            took,
            overall: record.overall.clone(),
            by_endpoint: Endpoint::ALL.into_iter().zip(record.by_endpoint.iter().cloned()).collect(),
            stale_reads: record.stale_reads,
            stale_reads_marked: record.stale_reads_marked,
            start_lag: record.start_lag.clone(),
            timeline,
            telemetry: counted_between(before, after),
        }
    }
}

impl Witness for Recorder {
    fn saw(&self, outcome: &Outcome) {
        let record = &mut *self.0.lock();
        record.overall.add(outcome);
        if let Some(slot) = Endpoint::ALL.iter().position(|each| *each == outcome.endpoint) {
            record.by_endpoint[slot].add(outcome);
        }
        record.start_lag.saturating_record(microseconds(outcome.lag));
        record.slice.latency.saturating_record(microseconds(outcome.latency));
        match outcome.verdict {
            Verdict::Right { .. } => record.slice.successes += 1,
            Verdict::Wrong | Verdict::Failed(_) => record.slice.errors += 1,
        }
        if outcome.stale {
            record.stale_reads += 1;
            record.stale_reads_marked += u64::from(outcome.verdict == Verdict::Right { degraded: true });
        }
    }
}
