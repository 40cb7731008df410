use super::ask::{get, json};
use crate::{
    AdaptiveConfig, AdaptiveLimit, BreakerConfig, Bulkhead, BulkheadConfig, FutureExt as _, PolicyExt, Rate,
    RateLimit, Retry, RetryConfig, Timeout,
    breaker::CircuitBreakerRegistry,
    timeout::{Ending, EndpointTimeouts, EndpointTimeoutsConfig, Tracker, TrackerConfig},
    web::{Health, HealthSource, HealthStatus, LoadShed, LoadShedConfig, TimeLimits},
};
use axum::{
    Router,
    http::{StatusCode, header::CACHE_CONTROL},
};
use futures::FutureExt as _;
use serde_json::{Value, json as value};
use std::{
    future::{pending, ready},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

fn within(name: &str, ms: u64) -> Timeout {
    Timeout::new(name, Duration::from_millis(ms)).unwrap()
}

async fn ask(health: Health, path: &str) -> (StatusCode, Value) {
    let router: Router = health.router();
    let response = router.oneshot(get(path)).await.unwrap();
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    (response.status(), json(response).await)
}

#[tokio::test(start_paused = true)]
async fn alive_is_who_answers() {
    let health = Health::new().check(within("database", 10), pending::<Result<(), &str>>);
    assert_eq!(ask(health, "/health/live").await, (StatusCode::OK, value!({ "status": "alive" })));
}

#[tokio::test(start_paused = true)]
async fn ready_when_every_check_passes() {
    let health = Health::new()
        .check(within("database", 1_000), || sleep(Duration::from_millis(20)).map(Ok::<_, &str>))
        .check(within("cache", 1_000), || ready(Ok::<_, &str>(())));
    let expected = value!({ "status": "ready", "checks": [
        { "name": "database", "status": "ok", "took_ms": 20.0 },
        { "name": "cache", "status": "ok", "took_ms": 0.0 },
    ]});
    assert_eq!(ask(health, "/health/ready").await, (StatusCode::OK, expected));
    assert_eq!(ask(Health::new(), "/health/ready").await.0, StatusCode::OK);
}

/// Side by side, each within its own time; one that fails, hangs or panics hides no other, and no error's text gets out.
#[tokio::test(start_paused = true)]
async fn not_ready_says_which_check_did_not_pass() {
    let began = Instant::now();
    let health = Health::new()
        .check(within("fine", 1_000), || ready(Ok::<_, &str>(())))
        .check(within("refused", 1_000), || ready(Err::<(), _>("password of admin is wrong")))
        .check(within("hangs", 300), pending::<Result<(), &str>>)
        .check(within("hangs too", 200), pending::<Result<(), &str>>)
        .check(within("panics", 1_000), || -> std::future::Ready<Result<(), &str>> { panic!("in a check") });
    let (status, body) = ask(health, "/health/ready").await;
    assert_eq!((status, began.elapsed()), (StatusCode::SERVICE_UNAVAILABLE, Duration::from_millis(300)));
    let statuses: Vec<_> = body["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (check["name"].as_str().unwrap(), check["status"].as_str().unwrap()))
        .collect();
    let expected = [
        ("fine", "ok"),
        ("refused", "failed"),
        ("hangs", "timed_out"),
        ("hangs too", "timed_out"),
        ("panics", "failed"),
    ];
    assert_eq!((body["status"].as_str().unwrap(), statuses), ("not_ready", expected.to_vec()));
    assert!(!body.to_string().contains("password"));
}

/// Whoever asks and goes away leaves no check running.
#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_cancels_its_checks() {
    let running = Arc::new(());
    let held = running.clone();
    let health = Health::new().check(within("hangs", 1_000_000), move || {
        let held = held.clone();
        async move {
            pending::<()>().await;
            drop(held);
            Ok::<_, &str>(())
        }
    });
    let router: Router = health.router();
    let mut asked = router.oneshot(get("/health/ready")).boxed();
    assert!(futures::poll!(&mut asked).is_pending());
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&running), 3, "here, in the check, and in its run");
    drop(asked);
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&running), 1);
}

#[tokio::test(start_paused = true)]
async fn resilience_tells_of_every_source_and_of_the_worst() {
    struct Sick;
    impl HealthSource for Sick {
        fn name(&self) -> &str {
            "valuer"
        }
        fn kind(&self) -> &str {
            "breaker"
        }
        fn status(&self) -> HealthStatus {
            HealthStatus::Unhealthy
        }
        fn details(&self) -> Value {
            value!({ "state": "open" })
        }
    }
    let limit = Arc::new(within("valuer", 2_000));
    pending::<Result<(), &str>>().under(&*limit).await.unwrap_err();
    let (status, body) = ask(Health::new().source(limit).source(Sick), "/health/resilience").await;
    let expected = value!({ "status": "unhealthy", "sources": [
        { "name": "valuer", "kind": "timeout", "status": "healthy",
          "details": { "after_ms": 2_000.0, "shadow": false, "timed_out": 1 } },
        { "name": "valuer", "kind": "breaker", "status": "unhealthy", "details": { "state": "open" } },
    ]});
    assert_eq!((status, body), (StatusCode::OK, expected));
    let nothing = value!({ "status": "healthy", "sources": [] });
    assert_eq!(ask(Health::new(), "/health/resilience").await.1, nothing);
}

#[tokio::test(start_paused = true)]
async fn policies_are_sources() {
    let config = BreakerConfig::default().failure_threshold(1).open_for(Duration::from_secs(10));
    let breakers = Arc::new(CircuitBreakerRegistry::new(config).unwrap());
    let bulkhead = Arc::new(Bulkhead::new("db", BulkheadConfig::NORMAL.max_concurrent(1)).unwrap());
    let limit = Arc::new(RateLimit::new("api", Rate::per_second(10)).unwrap());
    let adaptive = Arc::new(AdaptiveLimit::new("search", AdaptiveConfig::default()).unwrap());
    let retry = Arc::new(Retry::new("valuer", RetryConfig::FAST).unwrap());
    let asked = async || {
        let health = Health::new().source(breakers.clone()).source(bulkhead.clone()).source(limit.clone());
        let (_, body) =
            ask(health.source(adaptive.clone()).source(retry.clone()), "/health/resilience").await;
        let sources = body["sources"].as_array().unwrap().clone();
        let statuses: Vec<_> =
            sources.iter().map(|source| source["status"].as_str().unwrap().to_owned()).collect();
        (body["status"].as_str().unwrap().to_owned(), statuses, sources)
    };
    let (worst, statuses, sources) = asked().await;
    assert_eq!((&*worst, statuses), ("healthy", vec!["healthy".to_owned(); 5]));
    assert_eq!(sources[2]["details"]["available"], 10);

    breakers.get("valuer").call(|| async { Err::<(), _>("down") }).await.unwrap_err();
    let mut runs = bulkhead.call(pending::<Result<(), &str>>).boxed_local();
    let mut waits = bulkhead.call(pending::<Result<(), &str>>).boxed_local();
    assert!(futures::poll!(&mut runs).is_pending() && futures::poll!(&mut waits).is_pending());
    let (worst, statuses, sources) = asked().await;
    assert_eq!((&*worst, &*statuses[0], &*statuses[1]), ("unhealthy", "unhealthy", "degraded"));
    let valuer = &sources[0]["details"]["valuer"];
    assert_eq!((&valuer["state"], &valuer["next_probe_ms"]), (&value!("open"), &value!(10_000.0)));
    assert!(valuer["why"].as_str().unwrap().contains("a call failed"));
    assert_eq!(
        (&sources[1]["details"]["running"], &sources[1]["details"]["queued"]),
        (&value!(1), &value!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn limits_times_and_shedding_are_sources() {
    let limits = Arc::new(TimeLimits::new(
        EndpointTimeouts::new("api", EndpointTimeoutsConfig::default()).unwrap(),
        Tracker::new("api", TrackerConfig::default()).unwrap(),
    ));
    let ms = Duration::from_millis;
    limits.tracker.record("search", ms(6_000), Ending::Answered, Some("7c1f".into()));
    sleep(ms(50)).await;
    let shed = Arc::new(LoadShed::new("api", LoadShedConfig::default()).unwrap());
    let (_, body) = ask(Health::new().source(limits).source(shed), "/health/resilience").await;
    let [limits, shed] = body["sources"].as_array().unwrap().as_slice() else { panic!("{body}") };
    assert_eq!(limits["kind"], "time_limits");
    let details = &limits["details"];
    assert_eq!(
        details["limits"]["search"],
        value!({ "after_ms": 15_000.0, "shadow": false, "timed_out": 0 })
    );
    assert_eq!(details["limits"].as_object().unwrap().len(), 6);
    assert_eq!(details["deadlines_ignored"], 0);
    let search = &details["times"]["endpoints"]["search"];
    assert_eq!(
        (&search["count"], &search["p99_ms"], &search["mean_ms"]),
        (&1.into(), &6_000.0.into(), &6_000.0.into())
    );
    let slow = value!([{ "endpoint": "search", "took_ms": 6_000.0, "ending": "answered", "request_id": "7c1f", "ago_ms": 50.0 }]);
    assert_eq!(details["times"]["slow_calls"], slow);
    assert_eq!(shed["details"], value!({ "in_flight": 0, "max_in_flight": 1024, "shed": 0 }));
}
