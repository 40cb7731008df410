use std::time::Duration;

use super::cap::{Cap, Pressure};
use super::config::AdaptiveConfig;
use super::decision::{Decision, Reason};
use super::need::Need;
use super::sample::Sample;
use crate::error::ConfigError;

/// Finds the size of a pool from what is measured, without a clock and without I/O.
///
/// Two estimates with a wall between them: what the callers *need* by Little's law, and what the server can bear, its *cap*, from how
/// long connections are held. The size is the lesser. How long callers wait is no input.
///
/// ```
/// use std::time::Duration;
/// use mainstay_pool::sizing::{AdaptiveConfig, Controller, Reason, Sample};
///
/// let mut controller = Controller::new(AdaptiveConfig::default().min(2))?;
/// // 400 returns after 10 ms each, in a second: four in use on average, of four.
/// let sample = Sample::new(Duration::from_secs(1), 4).holds(400, Duration::from_secs(4)).open(4, 4.0);
/// let decision = controller.decide(&sample);
/// assert_eq!((decision.to, decision.reason), (6, Reason::NeedsMore), "{decision}");
/// # Ok::<(), mainstay_pool::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Controller {
    config: AdaptiveConfig,
    need: Need,
    cap: Cap,
    /// How long the size will not shrink for want of need.
    rest: Duration,
}

impl Controller {
    /// Knows nothing yet: begins with the configuration's minimum.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if fields of `config` are out of range.
    pub fn new(config: AdaptiveConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let (need, cap) = (Need::new(config.min), Cap::new(config.min));
        Ok(Self { config, need, cap, rest: Duration::ZERO })
    }

    /// What it works with.
    pub fn config(&self) -> &AdaptiveConfig {
        &self.config
    }

    /// Takes one window in and says which size is right now.
    pub fn decide(&mut self, sample: &Sample) -> Decision {
        let config = &self.config;
        let pressure = self.cap.judge(sample, config);
        self.need.observe(sample.busy(), config.headroom);
        self.rest = self.rest.saturating_sub(sample.elapsed);

        let (from, need, cap) = (sample.size, self.need.connections(), self.cap.connections());
        let wanted = need.min(cap).clamp(config.min, config.max);
        // Closing one connection to open it again a window later costs more than it frees.
        let barely_less = wanted <= from && from - wanted <= from / 10;
        let to = match pressure {
            Pressure::Refused | Pressure::Crowded => wanted.min(from.max(config.min)),
            _ if from > config.max => wanted,
            _ if wanted < from && (barely_less || !self.rest.is_zero()) => from,
            _ => wanted,
        };
        if to != from {
            self.rest = config.cooldown;
        }
        let reason = match pressure {
            Pressure::Refused => Reason::Refused,
            Pressure::Crowded => Reason::Crowded,
            _ if to > from => Reason::NeedsMore,
            _ if to < from => Reason::NeedsLess,
            _ if need > config.max && cap >= config.max => Reason::AtMax,
            _ if need > cap => Reason::AtCap,
            _ => Reason::Steady,
        };
        let hold = sample.mean_hold(config.min_samples).map(Duration::from_secs_f64);
        Decision { from, to, need, cap, hold, baseline: self.cap.baseline(), reason }
    }
}
