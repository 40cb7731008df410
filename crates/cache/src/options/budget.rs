use std::time::Duration;

use super::{FleetRateConfig, Problems};
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
    /// How many loads all nodes of the cache may begin together, by a rate in its Redis; while Redis is away the process'
    /// own rules hold alone. A batch is one load. Default none.
    pub fleet: Option<FleetRateConfig>,
}

impl Default for LoadBudget {
    fn default() -> Self {
        Self { in_process: 64, queue: 1_024, wait: Duration::from_secs(1), fleet: None }
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

    /// Bounds how many loads all nodes begin together; needs a Redis layer. Default none.
    ///
    /// ```
    /// use mainstay_cache::{FleetRateConfig, LoadBudget};
    ///
    /// let budget = LoadBudget::default().in_process(32).fleet(FleetRateConfig::per_second(500).burst(100));
    /// # assert!(budget.validate().is_ok());
    /// ```
    #[must_use]
    pub fn fleet(mut self, rate: FleetRateConfig) -> Self {
        self.fleet = Some(rate);
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
        let fleet = self.fleet.as_ref().map_or(Ok(()), FleetRateConfig::validate).err();
        let fleet = fleet.map(|problem| problem.to_string()).unwrap_or_default();
        problems.unless(fleet.is_empty(), "load_budget.fleet", fleet, "a rate in range");
        problems.into_result()
    }
}
