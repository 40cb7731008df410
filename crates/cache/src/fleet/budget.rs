use std::time::Duration;

use futures::future::BoxFuture;

use super::{FleetError, FleetRate};
use crate::budget::{FleetAnswer, FleetBudget};
use crate::error::ConfigError;
use crate::layers::guard::Guard;
use crate::layers::shared::LayerError;

/// The fleet's budget of loads as a rate in Redis.
///
/// It stands behind a breaker of its own: with Redis away, one load waits for it, and the others begin by the process' own
/// rules at once.
#[derive(Debug)]
pub(crate) struct RedisBudget {
    rate: FleetRate,
    burst: u32,
    guard: Guard,
}

impl RedisBudget {
    /// The rate's name in Redis, beside those that users choose.
    pub(crate) const NAME: &str = "mainstay:loads";

    pub(crate) fn new(
        cache: &str,
        rate: FleetRate,
        burst: u32,
        limit: Duration,
    ) -> Result<Self, ConfigError> {
        Ok(Self { rate, burst, guard: Guard::new(&format!("{cache}.fleet_budget"), limit)? })
    }

    async fn ask(&self, loads: u32) -> Result<FleetAnswer, LayerError> {
        // More than the burst would never be granted.
        match self.rate.acquire_many(loads.min(self.burst)).await {
            Ok(()) => Ok(FleetAnswer::Granted),
            Err(FleetError::RateLimited { retry_after, .. }) => Ok(FleetAnswer::RetryAfter(retry_after)),
            Err(away) => Err(LayerError::Away(away.to_string())),
        }
    }
}

impl FleetBudget for RedisBudget {
    fn try_acquire(&self, loads: u32) -> BoxFuture<'_, FleetAnswer> {
        Box::pin(async move { self.guard.run(self.ask(loads)).await.unwrap_or(FleetAnswer::Unavailable) })
    }
}
