use std::time::Duration;

use crate::config::Problems;
use crate::error::ConfigError;

/// How a pool finds its own size.
///
/// ```
/// use mainstay_pool::sizing::AdaptiveConfig;
///
/// let config = AdaptiveConfig::default().min(4).max(80).dry_run(true);
/// assert!(config.validate().is_ok());
/// assert!(AdaptiveConfig::default().min(9).max(3).validate().unwrap_err().to_string().contains("min = 9"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct AdaptiveConfig {
    /// The least size, and the one it begins with: what is measured there counts as free of load. Default: 2.
    pub min: usize,
    /// The greatest size. Default: 50.
    pub max: usize,
    /// How often it decides. Default: 1 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub window: Duration,
    /// Fewer returns in a window say nothing about how long connections are held. Default: 20.
    pub min_samples: u64,
    /// How many times as long as without load connections may be held before there are too many of them. Default: 2.
    pub tolerance: f64,
    /// Spare connections for the ups and downs of arrivals, as a multiple of the square root of those in use. Default: 2.
    pub headroom: f64,
    /// How long the limit stays after a cut, and the size before it shrinks again. Default: 2 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub cooldown: Duration,
    /// How long the limit does not grow after the server has refused a connect for having too many. Default: 30 s.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub refusal_pause: Duration,
    /// Whether it only recommends. Default: `false`.
    pub dry_run: bool,
}

impl Default for AdaptiveConfig {
    fn default() -> Self {
        Self {
            min: 2,
            max: 50,
            window: Duration::from_secs(1),
            min_samples: 20,
            tolerance: 2.0,
            headroom: 2.0,
            cooldown: Duration::from_secs(2),
            refusal_pause: Duration::from_secs(30),
            dry_run: false,
        }
    }
}

impl AdaptiveConfig {
    /// Sets the least size (1 to `max`).
    #[must_use]
    pub const fn min(mut self, min: usize) -> Self {
        self.min = min;
        self
    }

    /// Sets the greatest size (1 to 10 000).
    #[must_use]
    pub const fn max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Sets how often it decides (10 ms to 1 h).
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets how many returns a window must have to say how long connections are held (1 to 1 000 000).
    #[must_use]
    pub const fn min_samples(mut self, min_samples: u64) -> Self {
        self.min_samples = min_samples;
        self
    }

    /// Sets how many times as long as without load connections may be held (1.1 to 100).
    #[must_use]
    pub const fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets the spare connections, as a multiple of the square root of those in use (0 to 10).
    #[must_use]
    pub const fn headroom(mut self, headroom: f64) -> Self {
        self.headroom = headroom;
        self
    }

    /// Sets how long the limit stays after a cut, and the size before it shrinks again (0 to 1 h).
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// Sets how long the limit does not grow after the server refused a connect for having too many (0 to 1 h).
    #[must_use]
    pub const fn refusal_pause(mut self, refusal_pause: Duration) -> Self {
        self.refusal_pause = refusal_pause;
        self
    }

    /// Sets whether it only recommends.
    #[must_use]
    pub const fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] names every field that is outside, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        const HOUR: Duration = Duration::from_secs(3600);
        let mut problems = Problems::default();
        problems.number("max", self.max, 1, 10_000);
        problems.number("min", self.min, 1, self.max);
        problems.span("window", self.window, Duration::from_millis(10), HOUR);
        problems.number("min_samples", self.min_samples, 1, 1_000_000);
        problems.number("tolerance", self.tolerance, 1.1, 100.0);
        problems.number("headroom", self.headroom, 0.0, 10.0);
        problems.span("cooldown", self.cooldown, Duration::ZERO, HOUR);
        problems.span("refusal_pause", self.refusal_pause, Duration::ZERO, HOUR);
        problems.into_result()
    }
}
