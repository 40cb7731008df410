use std::time::Duration;

use super::Problems;
use crate::error::ConfigError;

/// How many loads run at once, so that a cold start or a lost Redis is met by a trickle and not by a storm.
///
/// A load that finds no place waits in line; with no place in line, or none in time, it is not begun: the caller is served
/// an old value if fail-safe has one, else [`LoadError::BudgetExhausted`](crate::LoadError::BudgetExhausted).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct LoadBudget {
    /// Most loads at once in this process; a batch is one load. Default 64.
    pub in_process: usize,
    /// Most loads in line. Default 1,024.
    pub queue: usize,
    /// Longest wait in line, and for the fleet's budget. Default 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub wait: Duration,
}

impl Default for LoadBudget {
    fn default() -> Self {
        Self { in_process: 64, queue: 1_024, wait: Duration::from_secs(1) }
    }
}

impl LoadBudget {
    /// Sets the most loads at once in this process. Default 64.
    #[must_use]
    pub fn in_process(mut self, loads: usize) -> Self {
        self.in_process = loads;
        self
    }

    /// Sets the most loads in line. Default 1,024.
    #[must_use]
    pub fn queue(mut self, loads: usize) -> Self {
        self.queue = loads;
        self
    }

    /// Sets the longest wait. Default 1 s.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names every field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        let held = (1..=1_000_000).contains(&self.in_process);
        problems.unless(held, "load_budget.in_process", self.in_process, "1 to 1,000,000");
        problems.unless(self.queue <= 10_000_000, "load_budget.queue", self.queue, "0 to 10,000,000");
        let wait = format!("{:?}", self.wait);
        problems.unless(self.wait <= Duration::from_secs(3_600), "load_budget.wait", wait, "0 to 1 h");
        problems.into_result()
    }
}
