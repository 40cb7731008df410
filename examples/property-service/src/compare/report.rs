use super::Machine;
use super::figures::{milliseconds, part, ratio, reduction, round};
use crate::domain::{BreakerState, Endpoint, FailureKind, Telemetry};
use crate::load::{Capacity, Run, Slice, Tally, Trial};
use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// `report.json`. Every figure is of the run; `null` where a side has no such thing.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub seed: u64,
    pub machine: Machine,
    /// Calls a second offered to each side.
    pub rate: f64,
    /// For how long they were offered.
    pub duration_s: f64,
    pub before: Side,
    pub after: Side,
    pub ratios: Ratios,
    pub market: Value,
    pub arguments: Value,
    pub versions: BTreeMap<String, String>,
    /// From and until when, since the load began, the valuer was made to fail outright.
    pub outage_s: Option<(f64, f64)>,
}

/// What a report is about, beside the two runs.
#[derive(Clone, Debug)]
pub struct Setting {
    pub seed: u64,
    /// Since the load began.
    pub outage: Option<Range<Duration>>,
    pub market: Value,
    pub arguments: Value,
    pub versions: BTreeMap<String, String>,
}

/// What was measured of one side.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    pub run: &'a Run,
    pub capacity: Option<&'a Capacity>,
}

/// One side's figures. Rates are 0 to 1, times milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    pub requests: u64,
    /// Of all calls, answered or not, from when each was due.
    pub response_ms: Response,
    /// Right answers within the endpoint's timeout, degraded ones included.
    pub success_rate: f64,
    pub degraded_rate: f64,
    pub transient_error_rate: f64,
    pub stale_reads_after_write: u64,
    pub db_queries: u64,
    pub db_queries_per_s: f64,
    pub slow_queries: u64,
    /// Mean of what was in use at each look, four times a second.
    pub pool_utilisation_pct: Option<f64>,
    pub cache_hit_rate: HitRate,
    pub breaker_trips: Option<u64>,
    pub retry_success_rate: Option<f64>,
    /// Queries whose plan reads every base table through an index or key.
    pub index_usage_pct: Option<f64>,
    pub capacity_rps: Option<f64>,
    pub by_endpoint: Vec<EndpointFigures>,
    pub cache_statements: u64,
    pub timeline: Vec<Point>,
    pub details: Details,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Response {
    pub avg: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// The share of all cache reads that each layer answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct HitRate {
    pub l1: Option<f64>,
    pub l2: Option<f64>,
    pub l3: Option<f64>,
    pub total: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct EndpointFigures {
    pub endpoint: &'static str,
    pub requests: u64,
    pub response_ms: Response,
    pub success_rate: f64,
    pub degraded_rate: f64,
    pub failures: BTreeMap<&'static str, u64>,
    pub wrong_answers: u64,
}

/// What happened in one quarter of a second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Its end, since the load began.
    pub at_s: f64,
    pub answers_per_s: f64,
    pub errors_per_s: f64,
    pub p95_ms: Option<f64>,
    #[serde(serialize_with = "breaker_name")]
    pub breaker: Option<BreakerState>,
    pub l1_per_s: Option<f64>,
    pub l2_per_s: Option<f64>,
    pub l3_per_s: Option<f64>,
    pub misses_per_s: Option<f64>,
    pub db_queries_per_s: f64,
    pub pool_in_use: Option<usize>,
    pub pool_max: Option<usize>,
}

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

/// How the sides compare. Times: before ÷ after. Reductions: 1 − after ÷ before. Capacity: after ÷ before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratios {
    pub avg: Option<f64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
    pub db_queries_reduction: Option<f64>,
    pub slow_queries_reduction: Option<f64>,
    pub transient_error_reduction: Option<f64>,
    pub capacity: Option<f64>,
}

impl Report {
    pub fn new(setting: Setting, before: Measured<'_>, after: Measured<'_>) -> Self {
        let (rate, span) = (before.run.rate, before.run.span);
        let (before, after) = (Side::new(before), Side::new(after));
        Self {
            seed: setting.seed,
            machine: Machine::this(),
            rate: round(rate, 3),
            duration_s: round(span.as_secs_f64(), 3),
            ratios: Ratios::new(&before, &after),
            before,
            after,
            market: setting.market,
            arguments: setting.arguments,
            versions: setting.versions,
            outage_s: setting.outage.map(|out| (out.start.as_secs_f64(), out.end.as_secs_f64())),
        }
    }

    /// `report.json`, for people to read too.
    pub fn json(&self) -> String {
        let json =
            serde_json::to_string_pretty(self).expect("all keys are text and nothing refuses to serialise");
        json + "\n"
    }
}

impl Side {
    pub fn new(Measured { run, capacity }: Measured<'_>) -> Self {
        let Run { overall, telemetry, .. } = run;
        let requests = overall.requests();
        let share = |count: u64| part(count, requests).unwrap_or_default();
        Self {
            requests,
            response_ms: Response::of(&overall.latency),
            success_rate: share(overall.successes),
            degraded_rate: share(overall.degraded),
            transient_error_rate: share(overall.transient()),
            stale_reads_after_write: run.stale_reads,
            db_queries: telemetry.db_queries,
            db_queries_per_s: round(telemetry.db_queries as f64 / run.took.as_secs_f64().max(0.001), 2),
            slow_queries: telemetry.slow_queries,
            pool_utilisation_pct: pool_utilisation(&run.timeline),
            cache_hit_rate: HitRate::of(telemetry),
            breaker_trips: telemetry.breaker.map(|_| telemetry.breaker_trips),
            retry_success_rate: telemetry.retries.and_then(|counts| part(counts.recovered, counts.retried)),
            index_usage_pct: part(telemetry.indexed_queries, telemetry.db_queries)
                .map(|share| round(share * 100.0, 3)),
            capacity_rps: capacity.map(|capacity| round(capacity.rate, 1)),
            by_endpoint: run.by_endpoint.iter().map(EndpointFigures::of).collect(),
            cache_statements: telemetry.cache_statements,
            timeline: run.timeline.iter().map(Point::of).collect(),
            details: Details::of(run, capacity),
        }
    }
}

impl Response {
    fn of(latency: &Histogram<u64>) -> Self {
        let at = |quantile| milliseconds(latency.value_at_quantile(quantile));
        Self {
            avg: round(latency.mean() / 1000.0, 3),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: milliseconds(latency.max()),
        }
    }
}

impl HitRate {
    fn of(telemetry: &Telemetry) -> Self {
        let Some(hits) = telemetry.hits else { return Self::default() };
        let found = hits.l1 + hits.l2.unwrap_or(0) + hits.l3.unwrap_or(0);
        let share = |count| part(count, found + hits.misses);
        Self {
            l1: share(hits.l1),
            l2: hits.l2.and_then(share),
            l3: hits.l3.and_then(share),
            total: share(found),
        }
    }
}

impl EndpointFigures {
    fn of((endpoint, tally): &(Endpoint, Tally)) -> Self {
        let share = |count| part(count, tally.requests()).unwrap_or_default();
        Self {
            endpoint: endpoint.name(),
            requests: tally.requests(),
            response_ms: Response::of(&tally.latency),
            success_rate: share(tally.successes),
            degraded_rate: share(tally.degraded),
            failures: failures(tally),
            wrong_answers: tally.wrong,
        }
    }
}

impl Point {
    fn of(slice: &Slice) -> Self {
        let seconds = slice.length.as_secs_f64().max(0.001);
        let per_second = |count: u64| round(count as f64 / seconds, 2);
        let hits = slice.hits;
        Self {
            at_s: round(slice.at.as_secs_f64(), 3),
            answers_per_s: per_second(slice.answers),
            errors_per_s: per_second(slice.errors),
            p95_ms: slice.p95.map(|p95| round(p95.as_secs_f64() * 1000.0, 3)),
            breaker: slice.breaker,
            l1_per_s: hits.map(|hits| per_second(hits.l1)),
            l2_per_s: hits.and_then(|hits| hits.l2).map(per_second),
            l3_per_s: hits.and_then(|hits| hits.l3).map(per_second),
            misses_per_s: hits.map(|hits| per_second(hits.misses)),
            db_queries_per_s: per_second(slice.db_queries),
            pool_in_use: slice.pool.map(|pool| pool.in_use),
            pool_max: slice.pool.map(|pool| pool.max),
        }
    }
}

impl Details {
    fn of(run: &Run, capacity: Option<&Capacity>) -> Self {
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

impl Ratios {
    fn new(before: &Side, after: &Side) -> Self {
        let (slow, fast) = (&before.response_ms, &after.response_ms);
        let capacity = after.capacity_rps.zip(before.capacity_rps);
        Self {
            avg: ratio(slow.avg, fast.avg),
            p50: ratio(slow.p50, fast.p50),
            p95: ratio(slow.p95, fast.p95),
            p99: ratio(slow.p99, fast.p99),
            max: ratio(slow.max, fast.max),
            db_queries_reduction: reduction(before.db_queries as f64, after.db_queries as f64),
            slow_queries_reduction: reduction(before.slow_queries as f64, after.slow_queries as f64),
            transient_error_reduction: reduction(before.transient_error_rate, after.transient_error_rate),
            capacity: capacity.and_then(|(after, before)| ratio(after, before)),
        }
    }
}

fn failures(tally: &Tally) -> BTreeMap<&'static str, u64> {
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

#[expect(clippy::ref_option, reason = "what serde hands over")]
fn breaker_name<S: Serializer>(state: &Option<BreakerState>, serializer: S) -> Result<S::Ok, S::Error> {
    state
        .map(|state| match state {
            BreakerState::Closed => "closed",
            BreakerState::HalfOpen => "half_open",
            BreakerState::Open => "open",
        })
        .serialize(serializer)
}

fn pool_utilisation(timeline: &[Slice]) -> Option<f64> {
    let used: Vec<f64> = timeline
        .iter()
        .filter_map(|slice| slice.pool)
        .filter(|pool| pool.max > 0)
        .map(|pool| 100.0 * pool.in_use as f64 / pool.max as f64)
        .collect();
    (!used.is_empty()).then(|| round(used.iter().sum::<f64>() / used.len() as f64, 2))
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
    use serde_json::json;

    #[test]
    fn the_json_has_each_promised_field_and_no_figure_of_its_own() {
        let report = fixture::report();
        let json = serde_json::to_value(&report).unwrap();
        for field in ["seed", "machine", "rate", "duration_s", "before", "after", "ratios"] {
            assert!(json.get(field).is_some(), "{field}");
        }
        let promised = [
            "requests",
            "response_ms",
            "success_rate",
            "degraded_rate",
            "transient_error_rate",
            "stale_reads_after_write",
            "db_queries",
            "db_queries_per_s",
            "slow_queries",
            "pool_utilisation_pct",
            "cache_hit_rate",
            "breaker_trips",
            "retry_success_rate",
            "index_usage_pct",
            "capacity_rps",
        ];
        for side in ["before", "after"] {
            let side = json[side].as_object().unwrap();
            for field in promised {
                assert!(side.contains_key(field), "{field}");
            }
            for field in ["avg", "p50", "p95", "p99", "max"] {
                assert!(side["response_ms"][field].is_f64(), "{field}");
            }
            for field in ["l1", "l2", "l3", "total"] {
                assert!(side["cache_hit_rate"].as_object().unwrap().contains_key(field), "{field}");
            }
        }
        let before = &json["before"];
        assert_eq!(before["cache_hit_rate"], json!({ "l1": null, "l2": null, "l3": null, "total": null }));
        assert_eq!(before["breaker_trips"], json!(null));
        assert_eq!(before["retry_success_rate"], json!(null));
        assert_eq!(json["after"]["cache_hit_rate"]["l2"], json!(null));
    }

    #[test]
    fn figures_follow_from_the_counts() {
        let (run, capacity) = fixture::after();
        let side = Side::new(Measured { run: &run, capacity: Some(&capacity) });
        let count = run.overall.requests() as f64;
        assert!((side.success_rate - run.overall.successes as f64 / count).abs() < 1e-6);
        assert!((side.degraded_rate - run.overall.degraded as f64 / count).abs() < 1e-6);
        let hits = run.telemetry.hits.unwrap();
        let reads = (hits.l1 + hits.l3.unwrap() + hits.misses) as f64;
        let rate = side.cache_hit_rate;
        assert!((rate.total.unwrap() - (1.0 - hits.misses as f64 / reads)).abs() < 1e-5);
        assert!((rate.total.unwrap() - rate.l1.unwrap() - rate.l3.unwrap()).abs() < 1e-5);
        assert_eq!(side.retry_success_rate, Some(0.95));
        assert_eq!(side.capacity_rps, Some(capacity.rate));
        assert_eq!(side.by_endpoint.iter().map(|each| each.requests).sum::<u64>(), side.requests);
    }

    #[test]
    fn times_are_before_over_after_and_queries_a_reduction() {
        let report = fixture::report();
        let Ratios { p95, db_queries_reduction, capacity, .. } = report.ratios;
        assert_eq!(p95, Some(round(report.before.response_ms.p95 / report.after.response_ms.p95, 3)));
        let kept = report.after.db_queries as f64 / report.before.db_queries as f64;
        assert!((db_queries_reduction.unwrap() - (1.0 - kept)).abs() < 1e-3);
        assert!(capacity.unwrap() > 1.0);
    }

    #[test]
    fn the_tail_falls_from_all_calls_to_one() {
        let (run, _) = fixture::before();
        let points = slower_than(&run.overall.latency);
        assert_eq!(points[0].1, 1.0);
        assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 > b.1));
        assert!(points.last().unwrap().1 * run.overall.requests() as f64 <= 1.2);
    }
}
