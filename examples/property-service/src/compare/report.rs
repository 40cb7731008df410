use super::figures::{ratio, reduction, round};
use super::{Machine, Measured, Side};
use serde::Serialize;
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
    fn times_are_before_over_after_and_queries_a_reduction() {
        let report = fixture::report();
        let Ratios { p95, db_queries_reduction, capacity, .. } = report.ratios;
        assert_eq!(p95, Some(round(report.before.response_ms.p95 / report.after.response_ms.p95, 3)));
        let kept = report.after.db_queries as f64 / report.before.db_queries as f64;
        assert!((db_queries_reduction.unwrap() - (1.0 - kept)).abs() < 1e-3);
        assert!(capacity.unwrap() > 1.0);
    }
}
