use super::side::Before;
use crate::domain::{Body, Failure, FailureKind, Valuation};
use reqwest::StatusCode;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct Estimate {
    id: i64,
    estimate: i64,
}

impl Before {
    /// Asks once, and waits for as long as the valuer cares to take.
    pub(super) async fn valuation(&self, id: i64) -> Result<Body, Failure> {
        let url = format!("{}/valuations/{id}", self.valuer_url);
        let response = self.http.get(url).send().await.map_err(|error| away(&error))?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(Failure::new(FailureKind::NotFound, format!("the valuer knows no property {id}")));
        }
        let response = response.error_for_status().map_err(|error| away(&error))?;
        let Estimate { id, estimate } = response.json().await.map_err(|error| away(&error))?;
        Ok(Body::Valuation(Arc::new(Valuation { id, estimate, from_suburb_median: false })))
    }
}

fn away(error: &reqwest::Error) -> Failure {
    Failure::new(FailureKind::Upstream, format!("valuer: {error}"))
}
