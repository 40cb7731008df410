use super::ask::{get, json};
use crate::{
    Error, Jitter, PolicyExt, Retry, RetryConfig,
    timeout::{
        Ending, EndpointConfig, EndpointTimeouts, EndpointTimeoutsConfig, Tracker, TrackerConfig,
        deadline::{GRPC_TIMEOUT, TIMEOUT_MS},
    },
    web::{Deadline, TimeLimits, identify, limit_time},
};
use axum::{
    Extension, Router,
    body::Body,
    http::{Request, StatusCode},
    middleware::{from_fn, from_fn_with_state},
    response::Response,
    routing,
};
use futures::FutureExt;
use std::{future::pending, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn limits(config: EndpointTimeoutsConfig) -> Arc<TimeLimits> {
    Arc::new(TimeLimits::new(
        EndpointTimeouts::new("api", config).unwrap(),
        Tracker::new("api", TrackerConfig::default()).unwrap(),
    ))
}

/// Search takes 15 s at most, the rest 10 s.
fn app(limits: &Arc<TimeLimits>) -> Router {
    let left = |Extension(deadline): Extension<Deadline>| async move {
        deadline.time_left().map_or("none".into(), |left| left.as_millis().to_string())
    };
    let retried = |Extension(deadline): Extension<Deadline>| async move {
        let pauses = RetryConfig::FAST.initial(secs(1)).multiplier(3.0).max(secs(3)).jitter(Jitter::None);
        let retry = Retry::new("r", pauses).unwrap();
        retry.call_within(deadline.attempt(), |_| sleep(secs(1)).map(Err::<(), _>)).await
    };
    Router::new()
        .route("/left", routing::get(left))
        .route("/retried", routing::get(retried))
        .route("/six", routing::get(|| async { sleep(secs(6)).await }))
        .fallback(|| async { pending::<()>().await })
        .layer(from_fn_with_state(limits.clone(), limit_time))
        .layer(from_fn(identify))
}

async fn ask(limits: &Arc<TimeLimits>, path: &str, headers: &[(&str, &str)]) -> Response {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    app(limits).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.into()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_gets_the_time_of_its_endpoint_and_a_problem_after_it() {
    let limits = limits(EndpointTimeoutsConfig::default());
    for (path, name, limit) in [("/api/search/homes", "search", 15), ("/elsewhere", "default", 10)] {
        let began = Instant::now();
        let late = ask(&limits, path, &[("x-request-id", "7c1f")]).await;
        assert_eq!((late.status(), began.elapsed()), (StatusCode::GATEWAY_TIMEOUT, secs(limit)));
        let body = json(late).await;
        assert_eq!(
            (&body["type"], &body["instance"]),
            (&"urn:mainstay:problem:timeout".into(), &"7c1f".into())
        );
        let stats = limits.tracker.stats(name).unwrap();
        assert_eq!((stats.count, stats.timeouts, stats.max), (1, 1, secs(limit)));
        assert_eq!(limits.endpoints.find("GET", path).timed_out(), 1);
    }
    let slow = limits.tracker.slow_calls();
    assert_eq!(slow.len(), 2);
    assert!(slow.iter().all(|call| call.request_id.as_deref() == Some("7c1f")));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_in_time_is_logged_with_its_request_id() {
    let limits = limits(EndpointTimeoutsConfig::default());
    assert_eq!(ask(&limits, "/six", &[("x-request-id", "7c1f")]).await.status(), StatusCode::OK);
    let slow = limits.tracker.slow_calls();
    let call = &slow[0];
    assert_eq!((&*call.endpoint, call.took, call.ending), ("default", secs(6), Ending::Answered));
    assert_eq!(call.request_id.as_deref(), Some("7c1f"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_with_less_time_is_given_up_when_that_is_over() {
    let limits = limits(EndpointTimeoutsConfig::default());
    for header in [(TIMEOUT_MS, "2000"), (GRPC_TIMEOUT, "2S")] {
        let began = Instant::now();
        let late = ask(&limits, "/elsewhere", &[header]).await;
        assert_eq!((late.status(), began.elapsed()), (StatusCode::GATEWAY_TIMEOUT, secs(2)));
        assert_eq!(json(late).await["type"], "urn:mainstay:problem:deadline-exceeded");
        assert_eq!(text(ask(&limits, "/left", &[header]).await).await, "2000");
    }
    assert_eq!(limits.tracker.stats("default").unwrap().timeouts, 2);
    assert_eq!(limits.endpoints.find("GET", "/").timed_out(), 0, "its own limit had not passed");
}

/// What a caller says can shorten the server's own limit and never extend it.
#[tokio::test(start_paused = true)]
async fn a_caller_cannot_extend_the_limit() {
    let limits = limits(EndpointTimeoutsConfig::default());
    let bad = ["86400000", "86400001", "0", "-5", "soon", "1e9", "99999999999999999999"];
    for value in bad {
        assert_eq!(text(ask(&limits, "/left", &[(TIMEOUT_MS, value)]).await).await, "10000", "{value}");
        let began = Instant::now();
        let late = ask(&limits, "/elsewhere", &[(TIMEOUT_MS, value)]).await;
        assert_eq!(
            (json(late).await["type"].as_str(), began.elapsed()),
            (Some("urn:mainstay:problem:timeout"), secs(10))
        );
    }
    assert_eq!(limits.deadlines.ignored(), 2 * (bad.len() as u64 - 1), "a whole day is long, and sensible");
}

#[tokio::test(start_paused = true)]
async fn a_handlers_calls_end_by_the_deadline() {
    let limits = limits(EndpointTimeoutsConfig::only(secs(5)));
    let began = Instant::now();
    let answer = ask(&limits, "/retried", &[]).await;
    // Attempts run 0-1 and 2-3 s; after a pause of 3 s more there would be no time for another.
    assert_eq!(began.elapsed(), secs(3));
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(limits.tracker.stats("default").unwrap().timeouts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_caller_goes_away_counts_as_abandoned() {
    let limits = limits(EndpointTimeoutsConfig::default());
    let mut request = app(&limits).oneshot(get("/api/search")).boxed();
    assert!(futures::poll!(&mut request).is_pending());
    sleep(secs(6)).await;
    drop(request);
    let stats = limits.tracker.stats("search").unwrap();
    assert_eq!((stats.count, stats.abandoned, stats.timeouts, stats.max), (1, 1, 0, secs(6)));
    assert_eq!(limits.tracker.slow_calls()[0].ending, Ending::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_nobody_is_cut_off() {
    let limits = limits(EndpointTimeoutsConfig::only(secs(5)).shadow(true));
    let answer = ask(&limits, "/six", &[(TIMEOUT_MS, "1000")]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(limits.endpoints.find("GET", "/").timed_out(), 1);
    assert_eq!(text(ask(&limits, "/left", &[]).await).await, "none");
}

#[tokio::test(start_paused = true)]
async fn limits_change_while_the_server_runs() {
    let limits = limits(EndpointTimeoutsConfig::default());
    let app = app(&limits);
    let shorter = EndpointConfig::new("search", "/api/search", secs(3));
    limits.endpoints.reconfigure(EndpointTimeoutsConfig::only(secs(2)).endpoint(shorter)).unwrap();
    for (path, limit) in [("/api/search", 3), ("/elsewhere", 2)] {
        let began = Instant::now();
        assert_eq!(app.clone().oneshot(get(path)).await.unwrap().status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(began.elapsed(), secs(limit));
    }
}

/// A router nested in another has no more time than the other gives it, and knows it.
#[tokio::test(start_paused = true)]
async fn of_nested_limits_the_nearer_counts() {
    let (short, long) =
        (limits(EndpointTimeoutsConfig::only(secs(2))), limits(EndpointTimeoutsConfig::only(secs(9))));
    for (outer, inner) in [(&short, &long), (&long, &short)] {
        let nested = Router::new().merge(app(inner)).layer(from_fn_with_state(outer.clone(), limit_time));
        let began = Instant::now();
        let late = nested.clone().oneshot(get("/elsewhere")).await.unwrap();
        assert_eq!((late.status(), began.elapsed()), (StatusCode::GATEWAY_TIMEOUT, secs(2)));
        assert_eq!(text(nested.oneshot(get("/left")).await.unwrap()).await, "2000");
    }
}

/// A handler may answer with a guarded call's error.
#[tokio::test(start_paused = true)]
async fn a_handlers_error_is_a_problem() {
    let limits = limits(EndpointTimeoutsConfig::default());
    let app = Router::new()
        .route(
            "/",
            routing::get(|| async {
                Err::<(), Error<std::io::Error>>(Error::RateLimited { policy: "p".into(), retry_after: None })
            }),
        )
        .layer(from_fn_with_state(limits, limit_time));
    assert_eq!(app.oneshot(get("/")).await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
}
