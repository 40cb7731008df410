use super::figures::{milliseconds, round};
use super::side::Response;
use crate::domain::{Endpoint, FailureKind};
use crate::load::{Capacity, Run, Tally, Trial};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;

/// What stands behind the figures.
#[derive(Clone, Debug, Serialize)]
pub struct Details {
    /// Until the last answer came, failed or was cancelled.
    pub took_s: f64,
    pub failures: BTreeMap<&'static str, u64>,
    pub wrong_answers: u64,
    /// Stale reads whose answer said that it was degraded.
    pub stale_reads_marked_degraded: u64,
    /// By how much the load generator itself was late, which is part of each response time.
    pub start_lag_ms: Response,
    /// The share of calls slower than so many milliseconds.
    pub slower_than: Vec<(f64, f64)>,
    pub endpoints_without_timeout_failure: usize,
    /// Responses of the endpoints that query the property database: list, search, suburb stats.
    pub query_endpoints_ms: Response,
    pub capacity_trials: Vec<TrialFigures>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialFigures {
    pub rate: f64,
    pub held: bool,
    pub missed: f64,
    pub answered_per_s: f64,
    pub aborted: bool,
}

impl Details {
    pub(super) fn of(run: &Run, capacity: Option<&Capacity>) -> Self {
        let never_timed_out =
            run.by_endpoint.iter().filter(|(_, tally)| tally.failed(FailureKind::Timeout) == 0).count();
        Self {
            took_s: round(run.took.as_secs_f64(), 3),
            failures: failures(&run.overall),
            wrong_answers: run.overall.wrong,
            stale_reads_marked_degraded: run.stale_reads_marked,
            start_lag_ms: Response::of(&run.start_lag),
            slower_than: slower_than(&run.overall.latency),
            endpoints_without_timeout_failure: never_timed_out,
            query_endpoints_ms: Response::of(&query_endpoints(run)),
            capacity_trials: capacity
                .map(|capacity| capacity.trials.iter().map(TrialFigures::of).collect())
                .unwrap_or_default(),
        }
    }
}

impl TrialFigures {
    fn of(trial: &Trial) -> Self {
        Self {
            rate: round(trial.rate, 1),
            held: trial.held,
            missed: round(trial.missed, 4),
            answered_per_s: round(trial.answered_per_s, 1),
            aborted: trial.aborted,
        }
    }
}

pub(super) fn failures(tally: &Tally) -> BTreeMap<&'static str, u64> {
    tally.failures.iter().map(|(kind, count)| (kind_name(*kind), *count)).collect()
}

fn kind_name(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Timeout => "timeout",
        FailureKind::Upstream => "upstream",
        FailureKind::Database => "database",
        FailureKind::Overloaded => "overloaded",
        FailureKind::NotFound => "not_found",
    }
}

fn query_endpoints(run: &Run) -> Histogram<u64> {
    let mut all = run.overall.latency.clone();
    all.reset();
    for (endpoint, tally) in &run.by_endpoint {
        if matches!(endpoint, Endpoint::List | Endpoint::Search | Endpoint::SuburbStats) {
            all.add(&tally.latency).expect("all latencies are kept in histograms of one range");
        }
    }
    all
}

/// Twenty points a decade of the tail, down to a single call.
fn slower_than(latency: &Histogram<u64>) -> Vec<(f64, f64)> {
    let decades = (latency.len().max(1) as f64).log10();
    (0..=(decades * 20.0) as u32)
        .map(|step| {
            let slower = 10_f64.powf(-f64::from(step) / 20.0);
            (milliseconds(latency.value_at_quantile(1.0 - slower)), round(slower, 6))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_tail_falls_from_all_calls_to_one() {
        let (run, _) = fixture::before();
        let points = slower_than(&run.overall.latency);
        assert_eq!(points[0].1, 1.0);
        assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 > b.1));
        assert!(points.last().unwrap().1 * run.overall.requests() as f64 <= 1.2);
    }
}
