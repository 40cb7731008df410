use super::details::{Details, failures};
use super::figures::{milliseconds, part, round};
use crate::domain::{BreakerState, Endpoint, Telemetry};
use crate::load::{Capacity, Run, Slice, Tally};
use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

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
            timeline: run.timeline.iter().filter(|slice| slice.gives_rates()).map(Point::of).collect(),
            details: Details::of(run, capacity),
        }
    }
}

impl Response {
    pub(super) fn of(latency: &Histogram<u64>) -> Self {
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

fn pool_utilisation(timeline: &[Slice]) -> Option<f64> {
    let used: Vec<f64> = timeline
        .iter()
        .filter_map(|slice| slice.pool)
        .filter(|pool| pool.max > 0)
        .map(|pool| 100.0 * pool.in_use as f64 / pool.max as f64)
        .collect();
    (!used.is_empty()).then(|| round(used.iter().sum::<f64>() / used.len() as f64, 2))
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

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

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
}
