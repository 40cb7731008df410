use crate::ConfigError;
use std::{sync::Arc, time::Duration};

/// How long a call may take. Default: 10 s, the report's limit for ordinary endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct TimeoutConfig {
    /// The limit, from the first poll. Above 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub after: Duration,
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self { after: Duration::from_secs(10) }
    }
}

impl From<Duration> for TimeoutConfig {
    fn from(after: Duration) -> Self {
        Self { after }
    }
}

impl TimeoutConfig {
    /// Sets the limit. Default 10 s; above 0.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    pub(super) fn validate(&self, policy: &Arc<str>) -> Result<(), ConfigError> {
        if self.after.is_zero() {
            return Err(ConfigError::new(policy, "after", "0s", "longer than 0s"));
        }
        Ok(())
    }
}
