use std::time::Duration;

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use super::Metrics;
use crate::monitor::{Gauges, Monitor, MonitorConfig};
use crate::observer::{CloseReason, Observer, WaitEnd};

const SECOND: Duration = Duration::from_secs(1);

/// Everything a pool and its monitor can tell.
fn tell_all() {
    let metrics = Metrics::new("orders");
    for end in [WaitEnd::Served, WaitEnd::TimedOut, WaitEnd::Cancelled, WaitEnd::Refused] {
        metrics.waited(SECOND, end);
    }
    for succeeded in [true, false] {
        metrics.connected(SECOND, succeeded);
        metrics.validated(SECOND, succeeded);
    }
    metrics.refused_as_too_many();
    metrics.held(SECOND);
    metrics.closed(CloseReason::Dead);
    let watched = || {
        let mut gauges = Gauges::new(5, 2, 8).waiting(4);
        (gauges.connecting, gauges.leaks) = (Some(1), Some(6));
        gauges
    };
    Monitor::new("orders", watched, MonitorConfig::default()).unwrap().read();
}

/// What the recorder holds after all that.
fn recorded() -> Snapshotter {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, tell_all);
    snapshotter
}

/// Name, type and labels of the names with this crate's prefix in the page that lists all metrics.
fn documented() -> Vec<String> {
    let page = include_str!("../../../../../docs/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `mainstay_pool_"));
    let mut rows: Vec<_> = rows
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
            cells[1..4].join(" | ")
        })
        .collect();
    rows.sort();
    rows
}

/// Both ways: nothing is exported that the page does not list, and nothing listed that is not exported.
#[test]
fn the_page_of_metrics_lists_exactly_what_a_pool_exports() {
    let mut exported: Vec<_> = recorded()
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, meaning, _)| {
            assert!(meaning.is_some(), "{key:?} is not described");
            let kind = match key.kind() {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                MetricKind::Histogram => "histogram",
            };
            let labels: Vec<_> = key.key().labels().map(|label| label.key().to_owned()).collect();
            format!("{} | {kind} | {}", key.key().name(), labels.join(", "))
        })
        .collect();
    exported.sort();
    exported.dedup();
    assert_eq!(exported, documented());
}

#[test]
fn what_happens_is_counted_by_its_outcome() {
    let mut seen: Vec<_> = recorded()
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().skip(1).map(|label| label.value().to_owned()).collect();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Gauge(value) => value.to_string(),
                DebugValue::Histogram(times) => format!("{times:?}"),
            };
            let name = key.key().name().trim_start_matches("mainstay_pool_").to_owned();
            format!("{name} {} {value}", labels.join(","))
        })
        .collect();
    seen.sort();
    let once = "[1.0]";
    let mut expected: Vec<_> = [
        ("wait_seconds served", once),
        ("wait_seconds timed_out", once),
        ("wait_seconds cancelled", once),
        ("wait_seconds refused", once),
        ("connect_seconds success", once),
        ("connect_seconds failure", once),
        ("validate_seconds success", once),
        ("validate_seconds failure", once),
        ("hold_seconds ", once),
        ("too_many_connections_total ", "1"),
        ("closed_connections_total dead", "1"),
        ("size_connections idle", "2"),
        ("size_connections in_use", "3"),
        ("size_connections connecting", "1"),
        ("max_connections ", "8"),
        ("waiting_callers ", "4"),
        ("leaks_total ", "6"),
    ]
    .map(|(series, value)| format!("{series} {value}"))
    .into();
    expected.sort();
    assert_eq!(seen, expected);
}
