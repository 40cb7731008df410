use super::{Deadline, Problem, RequestId};
use crate::{
    Attempt, Error, FutureExt,
    telemetry::Observer,
    timeout::{Ending, EndpointTimeouts, Tracker, deadline::DeadlineHeaders},
};
use axum::{
    extract::{Request, State},
    http::HeaderValue,
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{convert::Infallible, sync::Arc};

/// How long each endpoint may take, and how long it takes: what [`limit_time`] works with.
#[derive(Debug)]
#[non_exhaustive]
pub struct TimeLimits<O = ()> {
    /// The limits.
    pub endpoints: EndpointTimeouts<O>,
    /// The times, by the names of the endpoints.
    pub tracker: Tracker,
    /// Callers' deadlines.
    pub deadlines: DeadlineHeaders,
}

impl<O> TimeLimits<O> {
    /// These limits, with times tracked by `tracker`.
    pub const fn new(endpoints: EndpointTimeouts<O>, tracker: Tracker) -> Self {
        Self { endpoints, tracker, deadlines: DeadlineHeaders::new() }
    }
}

/// Middleware that gives a request the time of its endpoint, or the caller's if the caller says it has less, and answers
/// with a [`Problem`] when that is over.
///
/// A limit around it, of a router that this one is nested in, stands for the caller's. Time runs until the head of the response; a body may take as long as it takes. The handler is told by the extension
/// [`Deadline`]. A request that is given up is dropped where it stands; one whose caller goes away is counted as abandoned.
/// In shadow mode neither limit nor caller's deadline is enforced.
///
/// ```
/// # use axum::{Router, middleware::from_fn_with_state, routing::get};
/// # use mainstay_resilience::{timeout::{EndpointTimeouts, EndpointTimeoutsConfig, Tracker, TrackerConfig}, web::{TimeLimits, limit_time}};
/// # use std::sync::Arc;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limits = Arc::new(TimeLimits::new(
///     EndpointTimeouts::new("api", EndpointTimeoutsConfig::default())?,
///     Tracker::new("api", TrackerConfig::default())?,
/// ));
/// let app: Router = Router::new()
///     .route("/api/search", get(|| async { "found" }))
///     .layer(from_fn_with_state(limits.clone(), limit_time));
/// # Ok(())
/// # }
/// ```
pub async fn limit_time<O>(
    State(limits): State<Arc<TimeLimits<O>>>,
    mut request: Request,
    next: Next,
) -> Response
where
    O: Observer + 'static,
{
    let limit = limits.endpoints.find(request.method().as_str(), request.uri().path());
    let own = limit.limit();
    let callers = limits.deadlines.read(|name| request.headers().get(name).map(HeaderValue::as_bytes));
    let routers = request.extensions().get::<Deadline>().and_then(Deadline::time_left);
    let nearer = callers.into_iter().chain(routers).min().filter(|left| own.is_some_and(|own| *left <= own));
    request.extensions_mut().insert(Deadline::after(nearer.or(own)));
    let id = request.extensions().get::<RequestId>().map(RequestId::shared);

    let timing = limits.tracker.time(limit.name(), id);
    let attempt = nearer.map_or(Attempt::first(), |left| Attempt::first().within(left));
    let served = async { Ok::<_, Infallible>(next.run(request).await) }.under_within(&*limit, attempt);
    let outcome = match nearer {
        // The limit leaves a nearer deadline to whoever set it.
        Some(left) => tokio::time::timeout(left, served)
            .await
            .unwrap_or_else(|_| Err(Error::DeadlineExceeded { policy: limit.name().into() })),
        None => served.await,
    };
    timing.end(if outcome.is_ok() { Ending::Answered } else { Ending::TimedOut });
    outcome.unwrap_or_else(|late| Problem::from(&late).into_response())
}
