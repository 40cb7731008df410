use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::Script;

use super::FleetError;
use crate::error::ConfigError;
use crate::layers::redis::Servers;
use crate::options::FleetRateConfig;

/// A rate that all nodes share: the generic cell rate algorithm, as one number in Redis and on its clock. Clones are the same rate.
#[derive(Clone)]
pub struct FleetRate {
    redis: Servers,
    name: Arc<str>,
    key: String,
    /// Microseconds that one permit takes.
    interval: u64,
    /// How far ahead of now the arrival times may lie.
    tolerance: u64,
}

/// `ARGV[1]` interval, `ARGV[2]` tolerance, `ARGV[3]` permits asked for. The key holds the theoretical arrival time. Answers
/// 0, or the microseconds until there is room.
static GCRA: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local t = redis.call('TIME')
local now, cost = t[1] * 1000000 + t[2], ARGV[1] * ARGV[3]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local early = arrival + cost - now - ARGV[2]
if early > 0 then return string.format('%.0f', early) end
redis.call('SET', KEYS[1], string.format('%.0f', arrival + cost), 'PX', math.ceil((arrival + cost - now) / 1000) + 1)
return '0'
",
    )
});

impl FleetRate {
    pub(crate) fn new(redis: Servers, name: &str, config: &FleetRateConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let micros = u64::try_from(config.period.as_micros()).expect("at most a day");
        let interval = (micros / u64::from(config.permits)).max(1);
        let key = redis.own_key("rate", name);
        let tolerance = interval * u64::from(config.burst);
        Ok(Self { redis, name: name.into(), key, interval, tolerance })
    }

    /// Takes one permit, or says when there will be one.
    ///
    /// # Errors
    /// [`FleetError::RateLimited`] without having taken anything; [`FleetError::Away`].
    ///
    /// # Cancel safety
    /// Dropped early, the permit may or may not be taken.
    pub async fn acquire(&self) -> Result<(), FleetError> {
        self.acquire_many(1).await
    }

    /// Takes several permits together or none. More than the burst are never granted.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_many(&self, permits: u32) -> Result<(), FleetError> {
        let mut invocation = GCRA.prepare_invoke();
        invocation.key(&self.key).arg(self.interval).arg(self.tolerance).arg(permits);
        let early: u64 = self
            .redis
            .send(&self.key, invocation)
            .await
            .map_err(|error| FleetError::Away { name: self.name.to_string(), reason: error.to_string() })?;
        if early == 0 {
            return Ok(());
        }
        let retry_after = Duration::from_micros(early);
        Err(FleetError::RateLimited { name: self.name.to_string(), retry_after })
    }
}

impl fmt::Debug for FleetRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetRate").field("name", &self.name).finish_non_exhaustive()
    }
}
