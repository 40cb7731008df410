use super::Metrics;
use crate::{
    BreakerConfig, CircuitBreaker, PolicyExt, Retry, RetryConfig, Timeout,
    telemetry::{
        Event, Observer, PolicyId, PolicyKind,
        script::{every_event, every_policy},
    },
};
use metrics_util::{
    MetricKind,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};
use std::{collections::BTreeMap, future::ready, sync::Arc, time::Duration};

/// What `run` made the recorder hold, by `name{labels}`.
fn recorded(run: impl FnOnce()) -> BTreeMap<String, DebugValue> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, run);
    series(&snapshotter)
}

fn series(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let entries = snapshotter.snapshot().into_vec().into_iter();
    entries
        .map(|(key, _, _, value)| {
            let labels: Vec<_> =
                key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            (format!("{}{{{}}}", key.key().name(), labels.join(",")), value)
        })
        .collect()
}

fn attached(policy: &PolicyId) -> Metrics {
    let mut metrics = Metrics::new();
    metrics.attach(policy);
    metrics
}

fn row(kind: MetricKind, name: &str, labels: &str) -> String {
    let kind = match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    };
    format!("{name} | {kind} | {labels}")
}

/// Name, type and labels of the names with this crate's prefix in the page that lists all metrics.
fn documented() -> Vec<String> {
    let page = include_str!("../../../../../docs/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `mainstay_resilience_"));
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
fn the_page_of_metrics_lists_exactly_what_policies_export() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        for policy in every_policy() {
            let metrics = attached(&policy);
            every_event().into_iter().for_each(|event| metrics.on(&policy, event));
        }
    });
    let mut exported: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, meaning, _)| {
            assert!(meaning.is_some(), "{key:?} is not described");
            let labels: Vec<_> = key.key().labels().map(|label| label.key().to_owned()).collect();
            row(key.kind(), key.key().name(), &labels.join(", "))
        })
        .collect();
    exported.sort();
    exported.dedup();
    assert_eq!(exported, documented());
}

#[test]
fn names_end_in_their_unit() {
    for row in documented() {
        let name = row.split(" | ").next().unwrap();
        let unit = name.rsplit('_').next().unwrap();
        assert!(["total", "seconds", "code", "calls"].contains(&unit), "{name}");
    }
}

#[test]
fn every_event_of_a_policy_is_counted_once_by_its_outcome() {
    let policy = PolicyId::new(PolicyKind::Breaker, "valuer");
    let seen = recorded(|| {
        let metrics = attached(&policy);
        every_event().into_iter().for_each(|event| metrics.on(&policy, event));
    });
    let at = |name: &str, outcome: &str| {
        let key = format!("mainstay_resilience_{name}{{policy=breaker,name=valuer{outcome}}}");
        seen.get(&key).unwrap_or_else(|| panic!("no {key} in {seen:#?}"))
    };
    for (name, outcomes) in [
        ("calls_total", &["success", "failure", "ignored", "abandoned"][..]),
        ("rejections_total", &["rejected", "would_reject"]),
        ("exhausted_calls_total", &["attempts", "deadline", "max_elapsed", "budget", "retry_after"]),
        (
            "circuit_transitions_total",
            &["closed", "half_open", "open", "ramping", "forced_open", "forced_closed", "disabled"],
        ),
        ("hedge_wins_total", &["original", "copy"]),
    ] {
        for outcome in outcomes {
            assert_eq!(*at(name, &format!(",outcome={outcome}")), DebugValue::Counter(1), "{name} {outcome}");
        }
    }
    for name in [
        "shadow_actions_total",
        "queued_calls_total",
        "timeouts_total",
        "retries_total",
        "recovered_calls_total",
        "budget_refusals_total",
        "stale_results_total",
        "hedges_total",
        "fallbacks_total",
        "injected_faults_total",
        "ejections_total",
        "readmissions_total",
    ] {
        assert_eq!(*at(name, ""), DebugValue::Counter(1), "{name}");
    }
    for name in ["call_seconds", "queue_wait_seconds", "slow_call_seconds"] {
        assert_eq!(*at(name, ""), DebugValue::Histogram(vec![1.0.into()]), "{name}");
    }
    assert_eq!(*at("concurrency_limit_calls", ""), DebugValue::Gauge(18.0.into()));
    assert_eq!(*at("circuit_state_code", ""), DebugValue::Gauge(0.0.into()));
    assert_eq!(seen.len(), 20 + 12 + 3 + 2);
}

#[test]
fn the_state_of_a_breaker_is_a_number() {
    use crate::breaker::State;
    let policy = PolicyId::new(PolicyKind::Breaker, "b");
    let states = [
        State::Closed,
        State::HalfOpen,
        State::Open,
        State::Ramping,
        State::ForcedOpen,
        State::ForcedClosed,
        State::Disabled,
    ];
    for (code, to) in (0_i32..).zip(states) {
        let seen = recorded(|| attached(&policy).on(&policy, Event::Transition { from: State::Open, to }));
        let state = &seen["mainstay_resilience_circuit_state_code{policy=breaker,name=b}"];
        assert_eq!(*state, DebugValue::Gauge(f64::from(code).into()), "{to}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_opens_is_seen_in_its_counters_and_its_state() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let breaker = metrics::with_local_recorder(&recorder, || {
        let config = BreakerConfig::default().failure_threshold(1);
        CircuitBreaker::new("b", config).unwrap().observe(Metrics::new())
    });
    for _ in 0..3 {
        breaker.call(|| ready(Err::<(), _>("down"))).await.unwrap_err();
    }
    let seen = series(&snapshotter);
    let counted = |name: &str| &seen[&format!("mainstay_resilience_{name}")];
    assert_eq!(*counted("calls_total{policy=breaker,name=b,outcome=failure}"), DebugValue::Counter(1));
    assert_eq!(*counted("rejections_total{policy=breaker,name=b,outcome=rejected}"), DebugValue::Counter(2));
    assert_eq!(
        *counted("circuit_transitions_total{policy=breaker,name=b,outcome=open}"),
        DebugValue::Counter(1)
    );
    assert_eq!(*counted("circuit_state_code{policy=breaker,name=b}"), DebugValue::Gauge(2.0.into()));
}

#[test]
fn what_a_policy_is_bound_to_count_is_there_from_the_start_and_nothing_else_is() {
    let seen = recorded(|| drop(attached(&PolicyId::new(PolicyKind::Timeout, "t"))));
    let expected = [
        "mainstay_resilience_calls_total{policy=timeout,name=t,outcome=success}",
        "mainstay_resilience_timeouts_total{policy=timeout,name=t}",
    ];
    assert_eq!(seen.keys().collect::<Vec<_>>(), expected);
    assert!(seen.values().all(|value| *value == DebugValue::Counter(0)), "{seen:?}");
}

/// `attach` is not called behind an `Arc`: events must be counted for the policy they came from all the same.
#[test]
fn shared_by_several_policies_it_counts_for_each() {
    let seen = recorded(|| {
        let shared = Arc::new(Metrics::new());
        for name in ["a", "b", "b"] {
            shared.on(&PolicyId::new(PolicyKind::Retry, name), Event::Recovered { attempts: 2 });
        }
    });
    let of = |name| &seen[&format!("mainstay_resilience_recovered_calls_total{{policy=retry,name={name}}}")];
    assert_eq!((of("a"), of("b")), (&DebugValue::Counter(1), &DebugValue::Counter(2)));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_counted_from_inside_a_call() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let limit = metrics::with_local_recorder(&recorder, || {
        Timeout::new("t", Duration::from_secs(1)).unwrap().observe(Metrics::new())
    });
    limit.call(|| ready(Ok::<_, &str>(1))).await.unwrap();
    limit.call(|| ready(Ok::<_, &str>(1))).await.unwrap();
    limit.call(std::future::pending::<Result<(), &str>>).await.unwrap_err();
    let seen = series(&snapshotter);
    assert_eq!(
        seen["mainstay_resilience_calls_total{policy=timeout,name=t,outcome=success}"],
        DebugValue::Counter(2)
    );
    assert_eq!(seen["mainstay_resilience_timeouts_total{policy=timeout,name=t}"], DebugValue::Counter(1));
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_seen_to_try_again_to_recover_and_to_give_up() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let retry = metrics::with_local_recorder(&recorder, || {
        Retry::new("r", RetryConfig::FAST).unwrap().observe(Metrics::new())
    });
    retry.call_with(|attempt| ready(if attempt.number() < 3 { Err("down") } else { Ok(()) })).await.unwrap();
    retry.call(|| ready(Err::<(), _>("down"))).await.unwrap_err();
    let seen = series(&snapshotter);
    let counted = |name: &str| &seen[&format!("mainstay_resilience_{name}")];
    assert_eq!(*counted("retries_total{policy=retry,name=r}"), DebugValue::Counter(2 + 2));
    assert_eq!(*counted("recovered_calls_total{policy=retry,name=r}"), DebugValue::Counter(1));
    assert_eq!(
        *counted("exhausted_calls_total{policy=retry,name=r,outcome=attempts}"),
        DebugValue::Counter(1)
    );
}

#[test]
fn an_event_allocates_nothing_once_its_handle_is_made() {
    let policy = PolicyId::new(PolicyKind::Breaker, "b");
    recorded(|| {
        let metrics = attached(&policy);
        let quick = [Event::Ended(crate::Verdict::Success), Event::Rejected];
        let spent = allocation_counter::measure(|| {
            for event in quick.iter().cycle().take(1_000) {
                metrics.on(&policy, *event);
            }
        });
        assert_eq!(spent.count_total, 0);
    });
}
