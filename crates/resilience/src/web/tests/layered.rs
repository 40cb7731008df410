use super::ask::get;
use crate::{BreakerConfig, CircuitBreaker, Error, FutureExt, layers::PolicyLayer, web::Problem};
use axum::{
    Router,
    error_handling::HandleErrorLayer,
    http::{StatusCode, header::RETRY_AFTER},
    routing,
};
use std::{convert::Infallible, future::ready, sync::Arc};
use tower::{ServiceBuilder, ServiceExt};

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
