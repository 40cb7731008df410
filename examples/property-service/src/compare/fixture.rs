//! Two synthetic runs, for the tests of tables, figures and page.

use super::{Measured, Report, Setting};
use crate::domain::{BreakerState, Endpoint, FailureKind, LayerHits, PoolUse, RetryCounts, Telemetry};
use crate::load::{Capacity, Run, Slice, Tally, Trial};
use hdrhistogram::Histogram;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

const RATE: f64 = 120.0;
const SECONDS: u32 = 30;
const OUTAGE: std::ops::Range<u32> = 10..18;

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).unwrap()
}

/// Latencies around `median` milliseconds whose logarithm spreads by `sigma`.
fn tally(random: &mut Pcg64, count: u64, median: f64, sigma: f64) -> Tally {
    let mut latency = histogram();
    for _ in 0..count {
        let normal = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        latency.saturating_record((median * 1000.0 * (sigma * normal).exp()) as u64);
    }
    Tally { latency, successes: count, degraded: 0, wrong: 0, failures: HashMap::new() }
}

fn run(endpoints: Vec<(Endpoint, Tally)>, timeline: Vec<Slice>, telemetry: Telemetry) -> Run {
    let mut overall = tally(&mut Pcg64::seed_from_u64(0), 0, 1.0, 1.0);
    for (_, each) in &endpoints {
        overall.latency.add(&each.latency).unwrap();
        overall.successes += each.successes;
        overall.degraded += each.degraded;
        for (kind, count) in &each.failures {
            *overall.failures.entry(*kind).or_default() += count;
        }
    }
    let span = Duration::from_secs(u64::from(SECONDS));
    Run {
        rate: RATE,
        span,
        took: span + Duration::from_millis(400),
        overall,
        by_endpoint: endpoints,
        stale_reads: 0,
        stale_reads_marked: 0,
        start_lag: tally(&mut Pcg64::seed_from_u64(1), 3600, 0.8, 0.3).latency,
        timeline,
        telemetry,
    }
}

fn slices(mut make: impl FnMut(u32, &mut Pcg64) -> Slice) -> Vec<Slice> {
    let mut random = Pcg64::seed_from_u64(7);
    (1..=SECONDS * 4).map(|quarter| make(quarter, &mut random)).collect()
}

fn in_outage(quarter: u32) -> bool {
    (OUTAGE.start * 4 + 1..=OUTAGE.end * 4).contains(&quarter)
}

fn endpoint_counts() -> impl Iterator<Item = (Endpoint, u64)> {
    Endpoint::ALL.into_iter().zip([1584, 720, 324, 288, 216, 360, 108])
}

pub(super) fn before() -> (Run, Capacity) {
    let mut random = Pcg64::seed_from_u64(2);
    let mut endpoints: Vec<(Endpoint, Tally)> = endpoint_counts()
        .map(|(endpoint, count)| (endpoint, tally(&mut random, count, 210.0, 0.9)))
        .collect();
    let valuations = &mut endpoints[5].1;
    valuations.failures = HashMap::from([(FailureKind::Upstream, 96), (FailureKind::Timeout, 21)]);
    valuations.successes -= 117;
    let timeline = slices(|quarter, random| Slice {
        at: Duration::from_millis(250) * quarter,
        length: Duration::from_millis(250),
        answers: random.random_range(22..32),
        errors: if in_outage(quarter) { random.random_range(2..6) } else { u64::from(quarter % 9 == 0) },
        p95: Some(Duration::from_millis(random.random_range(500..1400))),
        breaker: None,
        hits: None,
        db_queries: random.random_range(60..95),
        pool: Some(PoolUse { in_use: random.random_range(7..=8), max: 8 }),
    });
    let telemetry = Telemetry {
        db_queries: 9600,
        slow_queries: 1240,
        indexed_queries: 5200,
        pool: Some(PoolUse { in_use: 3, max: 8 }),
        ..Telemetry::default()
    };
    let trials = [(60.0, true), (180.0, false), (140.0, true)];
    (run(endpoints, timeline, telemetry), capacity(140.0, &trials))
}

pub(super) fn after() -> (Run, Capacity) {
    let mut random = Pcg64::seed_from_u64(3);
    let mut endpoints: Vec<(Endpoint, Tally)> = endpoint_counts()
        .map(|(endpoint, count)| {
            let median = if endpoint == Endpoint::Valuation { 9.0 } else { 1.4 };
            (endpoint, tally(&mut random, count, median, 0.8))
        })
        .collect();
    endpoints[5].1.degraded = 88;
    endpoints[5].1.failures = HashMap::from([(FailureKind::Overloaded, 2)]);
    endpoints[5].1.successes -= 2;
    let timeline = slices(|quarter, random| {
        let warm = (f64::from(quarter) / 20.0).min(1.0);
        let reads = random.random_range(26..36);
        let l1 = (f64::from(reads) * 0.8 * warm) as u64;
        let breaker = match quarter {
            43..=60 | 63..=71 => BreakerState::Open,
            61..=62 | 72..=74 => BreakerState::HalfOpen,
            _ => BreakerState::Closed,
        };
        Slice {
            at: Duration::from_millis(250) * quarter,
            length: Duration::from_millis(250),
            answers: random.random_range(24..36),
            errors: u64::from(quarter == 42),
            p95: Some(Duration::from_micros(random.random_range(3000..14_000))),
            breaker: Some(breaker),
            hits: Some(LayerHits {
                l1,
                l2: None,
                l3: Some(random.random_range(0..4)),
                misses: u64::from(reads as u32) - l1,
            }),
            db_queries: random.random_range(4..12),
            pool: Some(PoolUse { in_use: random.random_range(0..=2), max: 8 }),
        }
    });
    let telemetry = Telemetry {
        db_queries: 980,
        slow_queries: 3,
        indexed_queries: 975,
        cache_statements: 1210,
        pool: Some(PoolUse { in_use: 0, max: 8 }),
        hits: Some(LayerHits { l1: 2600, l2: None, l3: Some(210), misses: 420 }),
        breaker: Some(BreakerState::Closed),
        breaker_trips: 2,
        retries: Some(RetryCounts { retried: 40, recovered: 38 }),
    };
    let trials = [(60.0, true), (540.0, true), (1620.0, true), (4860.0, false), (2810.0, true)];
    (run(endpoints, timeline, telemetry), capacity(2810.0, &trials))
}

fn capacity(rate: f64, trials: &[(f64, bool)]) -> Capacity {
    let trial = |&(rate, held): &(f64, bool)| Trial {
        rate,
        held,
        missed: if held { 0.001 } else { 0.3 },
        answered_per_s: rate * if held { 1.0 } else { 0.7 },
        aborted: !held,
    };
    Capacity { rate, trials: trials.iter().map(trial).collect() }
}

pub(super) fn report() -> Report {
    let (before, held_before) = before();
    let (after, held_after) = after();
    let setting = Setting {
        seed: 42,
        outage: Some(
            Duration::from_secs(u64::from(OUTAGE.start))..Duration::from_secs(u64::from(OUTAGE.end)),
        ),
        market: json!({ "localities": 18_525, "properties": 120_000 }),
        arguments: json!({ "quick": false }),
        versions: [("property-service".to_owned(), "0.1.0".to_owned())].into(),
    };
    Report::new(
        setting,
        Measured { run: &before, capacity: Some(&held_before) },
        Measured { run: &after, capacity: Some(&held_after) },
    )
}
