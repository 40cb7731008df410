use super::random::Random;
use crate::config_error::Problems;
use std::time::Duration;

/// How a time is distributed: a server's work on one request, or a user's thought between two.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum ServiceTime {
    /// Always the same.
    Constant {
        /// That time.
        #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
        mean: Duration,
    },
    /// Exponential: without memory, as theory likes it.
    Exponential {
        /// The mean.
        #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
        mean: Duration,
    },
    /// Lognormal: most are quick and a few are slow, as most services are.
    LogNormal {
        /// The mean, not the median.
        #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
        mean: Duration,
        /// The deviation of the logarithm. 0 to 3; at 0.5 the slowest of 100 takes 2.8 times the mean, at 1 it is 6.2 times.
        sigma: f64,
    },
}

impl ServiceTime {
    /// Always `time`.
    pub const fn constant(time: Duration) -> Self {
        Self::Constant { mean: time }
    }

    /// Exponential with this mean.
    pub const fn exponential(mean: Duration) -> Self {
        Self::Exponential { mean }
    }

    /// Lognormal with this mean; `sigma` is the deviation of the logarithm, 0 to 3.
    pub const fn log_normal(mean: Duration, sigma: f64) -> Self {
        Self::LogNormal { mean, sigma }
    }

    /// The mean.
    pub const fn mean(&self) -> Duration {
        match *self {
            Self::Constant { mean } | Self::Exponential { mean } | Self::LogNormal { mean, .. } => mean,
        }
    }

    /// Draws one, in nanoseconds.
    pub(super) fn draw(&self, random: &mut Random) -> f64 {
        let mean = self.mean().as_nanos() as f64;
        match *self {
            Self::Constant { .. } => mean,
            Self::Exponential { .. } => mean * random.exponential(),
            Self::LogNormal { sigma, .. } => mean * (sigma * random.normal() - sigma * sigma / 2.0).exp(),
        }
    }

    pub(super) fn check(&self, field: &'static str, problems: &mut Problems) {
        if let Self::LogNormal { sigma, .. } = *self {
            problems.require((0.0..=3.0).contains(&sigma), format!("{field}.sigma"), sigma, "0 to 3");
        }
    }
}
