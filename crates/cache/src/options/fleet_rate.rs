use std::time::Duration;

use crate::error::ConfigError;

/// How much the fleet may do together.
///
/// Default: 100 a second, bursts of 10.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct FleetRateConfig {
    /// How many in a period. Default 100; 1 to 1,000,000.
    pub permits: u32,
    /// The period. Default 1 s; 1 ms to a day.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub period: Duration,
    /// How many may come at once after a pause. Default 10; 1 to 1,000,000.
    pub burst: u32,
}

impl Default for FleetRateConfig {
    fn default() -> Self {
        Self { permits: 100, period: Duration::from_secs(1), burst: 10 }
    }
}

impl FleetRateConfig {
    /// So many a second.
    #[must_use]
    pub fn per_second(permits: u32) -> Self {
        Self { permits, ..Self::default() }
    }

    /// Sets how many in a period. Default 100.
    #[must_use]
    pub fn permits(mut self, permits: u32) -> Self {
        self.permits = permits;
        self
    }

    /// Sets the period. Default 1 s.
    #[must_use]
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// Sets how many may come at once. Default 10.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (field, value) in [("permits", self.permits), ("burst", self.burst)] {
            if !(1..=1_000_000).contains(&value) {
                return Err(ConfigError::new(field, value, "1 to 1,000,000"));
            }
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&self.period) {
            return Err(ConfigError::new("period", format!("{:?}", self.period), "1 ms to 24 h"));
        }
        Ok(())
    }
}
