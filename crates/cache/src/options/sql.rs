use std::time::Duration;

use crate::error::ConfigError;

/// How large the SQL layer may grow, and how often it is swept; whichever database it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct SqlConfig {
    /// Most rows that a sweep leaves, values and tombstones of all regions together; what was written least recently goes
    /// first. Between two sweeps there may be more. Default 1,000,000; none is unbounded.
    pub max_rows: Option<u64>,
    /// Time between two sweeps, which take out what is expired, and what is too much by the count of the sweep before.
    /// Default 60 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub sweep: Duration,
}

impl Default for SqlConfig {
    fn default() -> Self {
        Self { max_rows: Some(1_000_000), sweep: Duration::from_secs(60) }
    }
}

impl SqlConfig {
    /// Sets the most rows that a sweep leaves. Default 1,000,000; `None` is unbounded.
    #[must_use]
    pub fn max_rows(mut self, rows: impl Into<Option<u64>>) -> Self {
        self.max_rows = rows.into();
        self
    }

    /// Sets the time between two sweeps. Default 60 s.
    #[must_use]
    pub fn sweep(mut self, every: Duration) -> Self {
        self.sweep = every;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if let Some(rows) = self.max_rows.filter(|rows| !(1..=1_000_000_000_000).contains(rows)) {
            return Err(ConfigError::new("max_rows", rows, "1 to 10^12, or none"));
        }
        if !(Duration::from_secs(10)..=Duration::from_secs(86_400)).contains(&self.sweep) {
            return Err(ConfigError::new("sweep", format!("{:?}", self.sweep), "10 s to 24 h"));
        }
        Ok(())
    }
}
