use super::{
    HealthSource, HealthStatus,
    checks::{self, Check},
};
use crate::Timeout;
use axum::{
    Router,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use std::{fmt, sync::Arc};

/// The endpoints that say how a service is.
///
/// | path | answers |
/// |---|---|
/// | `/health/live` | `200` while the process answers at all |
/// | `/health/ready` | `200` if every check passed in its time, `503` otherwise, and which did not |
/// | `/health/resilience` | `200` and what each source says of itself |
///
/// Merge it after the layers that limit or shed, so that a server under load still says that it lives. The last of the
/// three shows request ids and names of dependencies: keep it from the public.
///
/// ```
/// # use axum::Router;
/// # use mainstay_resilience::{Timeout, web::Health};
/// # use std::{sync::Arc, time::Duration};
/// # async fn ping() -> Result<(), std::io::Error> { Ok(()) }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let valuer = Arc::new(Timeout::new("valuer", Duration::from_secs(2))?);
/// let health = Health::new()
///     .check(Timeout::new("database", Duration::from_millis(500))?, ping)
///     .source(valuer.clone());
/// let app: Router = Router::new().merge(health.router());
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Health {
    checks: Vec<Arc<Check>>,
    sources: Vec<Box<dyn HealthSource>>,
}

impl Health {
    /// Without checks, hence always ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check: it is named as `limit` is, and failed if it takes longer.
    ///
    /// All checks run side by side whenever `/health/ready` is asked. Of an error the answer only says that there was one;
    /// its text is a `tracing` event.
    #[must_use]
    pub fn check<F, Fut, E>(mut self, limit: Timeout, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        self.checks.push(Arc::new(Check::new(limit, check)));
        self
    }

    /// Adds something that `/health/resilience` tells of.
    #[must_use]
    pub fn source(mut self, source: impl HealthSource + 'static) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// The three routes.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .route("/health/resilience", get(resilience))
            .with_state(Arc::new(self))
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("checks", &self.checks.len())
            .field("sources", &self.sources.len())
            .finish_non_exhaustive()
    }
}

async fn live() -> Response {
    answer(StatusCode::OK, &json!({ "status": "alive" }))
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    let (all_passed, report) = checks::run(&health.checks).await;
    let (status, word) =
        if all_passed { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    answer(status, &json!({ "status": word, "checks": report }))
}

async fn resilience(State(health): State<Arc<Health>>) -> Response {
    let worst = health.sources.iter().map(|source| source.status()).max().unwrap_or(HealthStatus::Healthy);
    let sources: Value = health
        .sources
        .iter()
        .map(|source| {
            json!({
                "name": source.name(),
                "kind": source.kind(),
                "status": source.status().as_str(),
                "details": source.details(),
            })
        })
        .collect();
    answer(StatusCode::OK, &json!({ "status": worst.as_str(), "sources": sources }))
}

/// How it was a moment ago is no answer to how it is.
fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}
