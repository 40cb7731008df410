use crate::domain::{BreakerState, Valuation};
use mainstay_resilience::{
    BreakerConfig, Bulkhead, BulkheadConfig, ByError, CircuitBreaker, ConfigError, Error, PolicyExt, Retry,
    RetryConfig, Timeout, breaker::State, retry::RetryStats,
};
use reqwest::StatusCode;
use serde::Deserialize;
use std::time::Duration;

/// Somebody else's valuation service, behind everything that keeps its troubles its own.
#[derive(Debug)]
pub(super) struct Valuer {
    http: reqwest::Client,
    url: String,
    guard: ValuerPolicies,
}

#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ValuerError {
    #[error("the valuer knows no property {0}")]
    NotFound(i64),
    #[error("{0}")]
    Away(String),
}

type IsTransient = fn(&Error<ValuerError>) -> bool;

/// Outermost first: all attempts together, the attempts, what guards each.
#[derive(Debug)]
pub(super) struct ValuerPolicies(
    (Timeout, Retry<ByError<IsTransient>>, CircuitBreaker<ByError<IsTransient>>, Bulkhead, Timeout),
);

/// A property the valuer does not know is an answer, not a fault.
fn is_transient(error: &Error<ValuerError>) -> bool {
    matches!(error, Error::Operation(ValuerError::Away(_)) | Error::Timeout { .. })
}

impl ValuerPolicies {
    /// Of 25 ms answers: an attempt is given 250 ms, three attempts a second; five failures in a row rest the valuer for a
    /// second.
    pub(super) fn new() -> Result<Self, ConfigError> {
        let ms = Duration::from_millis;
        let retry = RetryConfig::FAST.initial(ms(50)).max(ms(200));
        let breaker = BreakerConfig::default().open_for(ms(1_000)).probe_lease(ms(1_000));
        Ok(Self((
            Timeout::new("valuer", ms(1_000))?,
            Retry::new("valuer", retry)?.retry_if(is_transient as IsTransient),
            CircuitBreaker::new("valuer", breaker)?.fail_if(is_transient as IsTransient),
            Bulkhead::new("valuer", BulkheadConfig::EXTERNAL_API)?,
            Timeout::new("valuer attempt", ms(250))?,
        )))
    }
}

#[derive(Deserialize)]
struct Estimate {
    id: i64,
    estimate: i64,
}

impl Valuer {
    pub(super) fn new(url: &str, guard: ValuerPolicies) -> Self {
        Self { http: reqwest::Client::new(), url: url.trim_end_matches('/').to_owned(), guard }
    }

    pub(super) async fn valuation(&self, id: i64) -> Result<Valuation, Error<ValuerError>> {
        self.guard.0.call(|| self.ask(id)).await
    }

    async fn ask(&self, id: i64) -> Result<Valuation, ValuerError> {
        let away = |error: reqwest::Error| ValuerError::Away(error.to_string());
        let response = self.http.get(format!("{}/valuations/{id}", self.url)).send().await.map_err(away)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(ValuerError::NotFound(id));
        }
        let response = response.error_for_status().map_err(away)?;
        let Estimate { id, estimate } = response.json().await.map_err(away)?;
        Ok(Valuation { id, estimate, from_suburb_median: false })
    }

    pub(super) fn breaker_state(&self) -> BreakerState {
        match self.guard.0.2.state() {
            state if state.lets_all_through() => BreakerState::Closed,
            State::HalfOpen | State::Ramping => BreakerState::HalfOpen,
            _ => BreakerState::Open,
        }
    }

    pub(super) fn breaker_trips(&self) -> u64 {
        self.guard.0.2.snapshot().trips
    }

    pub(super) fn retries(&self) -> RetryStats {
        self.guard.0.1.stats()
    }
}
