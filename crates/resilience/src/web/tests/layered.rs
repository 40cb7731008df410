use super::ask::get;
use crate::{
    BreakerConfig, CircuitBreaker, Error, FutureExt, Jitter, Retry, RetryConfig, Timeout,
    layers::PolicyLayer,
    timeout::deadline::TIMEOUT_MS,
    web::{Problem, pass_deadline},
};
use axum::{
    Router,
    error_handling::HandleErrorLayer,
    http::{Request, StatusCode, header::RETRY_AFTER},
    routing,
};
use parking_lot::Mutex;
use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// A policy around a router: its requests are no clones, and its errors become problems.
#[tokio::test(start_paused = true)]
async fn policies_around_a_router_answer_with_problems() {
    let breaker = Arc::new(CircuitBreaker::new("api", BreakerConfig::default()).unwrap());
    let app = Router::new().route("/", routing::get(|| async { "hello" })).layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(|error: Error<Infallible>| async move { Problem::from(&error) }))
            .layer(PolicyLayer::once(breaker.clone())),
    );
    assert_eq!(app.clone().oneshot(get("/")).await.unwrap().status(), StatusCode::OK);
    for _ in 0..5 {
        ready(Err::<(), _>("down")).under(&*breaker).await.unwrap_err();
    }
    let refused = app.oneshot(get("/")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[RETRY_AFTER], "60");
}

#[tokio::test(start_paused = true)]
async fn a_client_passes_on_what_each_attempt_has_left() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = seen.clone();
    let retry = Retry::new("r", RetryConfig::FAST.max_attempts(2).jitter(Jitter::None)).unwrap();
    let limit = Timeout::new("t", Duration::from_secs(2)).unwrap();
    let service = ServiceBuilder::new()
        .layer(PolicyLayer::new((limit, retry)).on_attempt(pass_deadline))
        .service(service_fn(move |request: Request<()>| {
            let values = request.headers().get_all(TIMEOUT_MS);
            see.lock().extend(values.iter().map(|value| value.to_str().unwrap().to_owned()));
            ready(Err::<(), _>("down"))
        }));
    let stale = Request::builder().header(TIMEOUT_MS, "9999").body(()).unwrap();
    service.oneshot(stale).await.unwrap_err();
    assert_eq!(*seen.lock(), ["2000", "1900"]);
}
