use super::*;
use crate::{
    Describe,
    bulkhead::Discipline,
    telemetry::{Event, OnEvent, PolicyId},
};
use std::sync::{Arc, Mutex};

#[tokio::test(start_paused = true)]
async fn reconfiguring_keeps_the_limit_within_the_new_bounds_and_who_runs_and_waits() {
    let limit = adaptive(AdaptiveConfig::default().algorithm(Algorithm::AIMD).initial_limit(2).max_queued(5));
    let mut calls: Vec<_> = (0..5).map(|_| hold(normal(&limit))).collect();
    for call in &mut calls {
        pend!(call);
    }
    assert_eq!(counts(&limit), (2, 3));
    let wider = AdaptiveConfig::default().algorithm(Algorithm::AIMD).min_limit(4).max_queued(5);
    limit.reconfigure(wider.clone()).unwrap();
    assert_eq!((limit.snapshot().limit, counts(&limit)), (4, (4, 1)));
    limit.reconfigure(wider.min_limit(1).max_limit(3).initial_limit(3)).unwrap();
    assert_eq!((limit.snapshot().limit, counts(&limit)), (3, (4, 1)));
    limit.reconfigure(AdaptiveConfig::default().min_limit(0)).unwrap_err();
    assert_eq!(limit.config().max_limit, 3, "a refused configuration changes nothing");
    drop(calls);
    assert_eq!(counts(&limit), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_every_change_of_the_limit() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = heard.clone();
    let observer = OnEvent::new(move |_: &PolicyId, event| events.lock().unwrap().push(event));
    let limit = adaptive(eager(10).timeout(Duration::from_secs(1))).observe(observer);
    take(&limit, Duration::from_secs(2)).await.unwrap();
    limit.reconfigure(eager(20).min_limit(20)).unwrap();
    let expected = [
        Event::LimitChanged { from: 10, to: 9 },
        Event::Ended(Verdict::Success),
        Event::LimitChanged { from: 9, to: 20 },
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_every_call_runs_and_the_limit_is_found_all_the_same() {
    let limit = adaptive(eager(2).shadow(true).timeout(Duration::from_secs(1)));
    let mut calls: Vec<_> = (0..5).map(|_| hold(normal(&limit))).collect();
    for call in &mut calls {
        pend!(call);
    }
    let snapshot = limit.snapshot();
    assert_eq!((snapshot.running, snapshot.rejected, snapshot.would_reject), (5, 0, 3));
    take(&limit, Duration::from_secs(2)).await.unwrap();
    assert_eq!(limit.snapshot().limit, 1);
}

#[test]
fn every_field_out_of_range_is_named_at_once() {
    let wrong = AdaptiveConfig::default()
        .algorithm(Algorithm::Aimd { backoff: 1.0 })
        .initial_limit(500)
        .min_limit(0)
        .timeout(Duration::ZERO)
        .queue_timeout(Duration::ZERO)
        .window(Duration::ZERO)
        .min_samples(0)
        .discipline(Discipline::Codel { target: Duration::ZERO, interval: Duration::from_secs(1) })
        .shares(PriorityShares::new(60, 50, 100));
    let problems = AdaptiveLimit::new("callee", wrong).unwrap_err().problems;
    let fields: Vec<_> = problems.iter().map(|problem| &*problem.field).collect();
    let expected = [
        "min_limit",
        "initial_limit",
        "timeout",
        "queue_timeout",
        "window",
        "min_samples",
        "algorithm.aimd.backoff",
        "discipline.codel.target",
        "shares.low",
    ];
    assert_eq!(fields, expected);
    let wrong = AdaptiveConfig::default().algorithm(Algorithm::Gradient { tolerance: f64::NAN });
    let said = AdaptiveLimit::new("callee", wrong).unwrap_err().to_string();
    assert!(said.contains("algorithm.gradient.tolerance = NaN"), "{said}");
}

#[cfg(feature = "config")]
#[test]
fn it_is_read_from_configuration() {
    let text = r#"{"algorithm": {"gradient": {"tolerance": 0.2}}, "window": "1s", "shares": {"low": 50}}"#;
    let config: AdaptiveConfig = serde_json::from_str(text).unwrap();
    assert_eq!(config.algorithm, Algorithm::Gradient { tolerance: 0.2 });
    assert_eq!((config.window, config.shares), (Duration::from_secs(1), PriorityShares::new(50, 100, 100)));
    let back: AdaptiveConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(back, config);
    assert!(serde_json::from_str::<AdaptiveConfig>(r#"{"limit": 3}"#).is_err());
}

#[test]
fn its_stage_adds_the_longest_wait() {
    let adds = |config| adaptive(config).stages()[0].adds;
    assert_eq!(adds(fixed(1)), Some(Duration::ZERO));
    assert_eq!(adds(fixed(1).max_queued(1)), None);
    let waits = fixed(1).max_queued(1).queue_timeout(Duration::from_secs(3));
    assert_eq!(adds(waits), Some(Duration::from_secs(3)));
}
