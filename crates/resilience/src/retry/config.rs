use crate::{ConfigError, config_error::Problems};
use std::{sync::Arc, time::Duration};

/// How much of a pause is left to chance, so that callers who failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Jitter {
    /// None: exactly the computed pause.
    None,
    /// Between half the computed pause and all of it.
    Equal,
    /// Between nothing and the computed pause.
    Full,
}

/// How often, and how far apart.
///
/// The pause before attempt `n + 1` is `min(initial × multiplierⁿ⁻¹, max)`, of which `jitter` takes its share away: a
/// pause never exceeds `max`. Default: [`STANDARD`](Self::STANDARD).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RetryConfig {
    /// Attempts in all, the first included. Default 5; at least 1.
    pub max_attempts: u32,
    /// The first pause, before jitter. Default 500 ms.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub initial: Duration,
    /// No pause is longer. Default 10 s; at least `initial`.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub max: Duration,
    /// Each pause is this many times the one before. Default 2; 1 to 100.
    pub multiplier: f64,
    /// Default [`Jitter::Equal`].
    pub jitter: Jitter,
    /// Makes the jitter repeatable. Default: drawn for each policy.
    pub seed: Option<u64>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self::STANDARD
    }
}

impl RetryConfig {
    /// 3 attempts, 100 ms to 1 s apart: calls inside the data centre.
    pub const FAST: Self = Self::preset(3, 100, 1_000);
    /// 5 attempts, 500 ms to 10 s apart.
    pub const STANDARD: Self = Self::preset(5, 500, 10_000);
    /// 10 attempts, 200 ms to 30 s apart: background work that must get there.
    pub const AGGRESSIVE: Self = Self::preset(10, 200, 30_000);
    /// One attempt, never a second.
    pub const NONE: Self = Self::preset(1, 0, 0);

    const fn preset(max_attempts: u32, initial_ms: u64, max_ms: u64) -> Self {
        Self {
            max_attempts,
            initial: Duration::from_millis(initial_ms),
            max: Duration::from_millis(max_ms),
            multiplier: 2.0,
            jitter: Jitter::Equal,
            seed: None,
        }
    }

    /// Sets the attempts in all, the first included. At least 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the first pause, before jitter.
    #[must_use]
    pub fn initial(mut self, initial: Duration) -> Self {
        self.initial = initial;
        self
    }

    /// Sets the longest pause; at least `initial`.
    #[must_use]
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// Sets how much longer each pause is than the one before. 1 to 100.
    #[must_use]
    pub fn multiplier(mut self, multiplier: f64) -> Self {
        self.multiplier = multiplier;
        self
    }

    /// Sets how much of a pause is left to chance.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Makes the jitter repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Checks every field; `name` is the policy's name in the error.
    ///
    /// # Errors
    /// All fields that are out of range.
    pub fn validate(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        problems.into_result(name)
    }

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(self.max_attempts > 0, "max_attempts", self.max_attempts, "at least 1");
        problems.require(self.max >= self.initial, "max", self.max, "at least `initial`");
        let multiplier = self.multiplier;
        problems.require((1.0..=100.0).contains(&multiplier), "multiplier", multiplier, "1 to 100");
    }
}
