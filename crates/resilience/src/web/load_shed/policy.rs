use super::LoadShedConfig;
use crate::{
    ConfigError, Error, ShedReason,
    live::Live,
    web::{Problem, held_body::HeldBody},
};
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

/// Turns requests away at once while as many are in flight as the server takes: what [`shed_load`] works with.
#[derive(Debug)]
pub struct LoadShed {
    name: Arc<str>,
    config: Live<LoadShedConfig>,
    in_flight: AtomicUsize,
    shed: AtomicU64,
}

impl LoadShed {
    /// A load shed named `name`, in its health report and in errors of its configuration.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: LoadShedConfig) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        Ok(Self { name, config: Live::new(config), in_flight: AtomicUsize::new(0), shed: AtomicU64::new(0) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<LoadShedConfig> {
        self.config.get()
    }

    /// Works with `config` from the next request on; those in flight stay, however many.
    ///
    /// # Errors
    /// A field out of its range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: LoadShedConfig) -> Result<(), ConfigError> {
        config.validate(&self.name)?;
        self.config.set(config);
        Ok(())
    }

    /// Requests in flight now.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// Requests turned away since it was made, or that would have been, in shadow mode.
    pub fn shed(&self) -> u64 {
        self.shed.load(Relaxed)
    }

    fn enter(self: &Arc<Self>) -> Result<Place, Error<Infallible>> {
        let config = self.config.read();
        let room = |running: usize| (running < config.max_in_flight).then_some(running + 1);
        if self.in_flight.fetch_update(Relaxed, Relaxed, room).is_err() {
            self.shed.fetch_add(1, Relaxed);
            if !config.shadow {
                let (policy, retry_after) = (self.name.clone(), Some(config.retry_after));
                return Err(Error::Shed { policy, reason: ShedReason::OverLimit, retry_after });
            }
            self.in_flight.fetch_add(1, Relaxed);
        }
        Ok(Place(self.clone()))
    }
}

/// A request in flight, until it is dropped.
struct Place(Arc<LoadShed>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// Middleware that answers `503` with `Retry-After` at once while too many requests are in flight.
///
/// A request is in flight until the *body* of its response has ended or was dropped, not only until its head
/// (palantir/dialogue#453, opensovd-core#128): a slow reader takes its place for as long as it reads.
///
/// ```
/// # use axum::{Router, middleware::from_fn_with_state, routing::get};
/// # use mainstay_resilience::web::{LoadShed, LoadShedConfig, shed_load};
/// # use std::sync::Arc;
/// let shed = Arc::new(LoadShed::new("api", LoadShedConfig::default().max_in_flight(500)).unwrap());
/// let app: Router =
///     Router::new().route("/", get(|| async { "hello" })).layer(from_fn_with_state(shed.clone(), shed_load));
/// ```
pub async fn shed_load(State(shed): State<Arc<LoadShed>>, request: Request, next: Next) -> Response {
    match shed.enter() {
        Ok(place) => next.run(request).await.map(|body| Body::new(HeldBody::new(body, place))),
        Err(refused) => Problem::from(&refused).into_response(),
    }
}
