use super::{RetryConfig, backoff::full_pause};
use crate::random::Series;
use std::time::Duration;

/// How much of a pause is left to chance, so that callers who failed together do not come back together.
///
/// The names and the formulas are those of Marc Brooker's "Exponential Backoff And Jitter" (AWS, 2015).
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
    /// Between `initial` and three times the pause before, at most `max`; `backoff` and `multiplier` play no part.
    Decorrelated,
}

/// Draws the pauses of one policy.
#[derive(Debug)]
pub(super) struct Draws(Series);

impl Draws {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self(Series::new(seed))
    }

    /// Begins the series of this seed.
    pub(super) fn reseed(&self, seed: u64) {
        self.0.reseed(seed);
    }

    /// The pause after `attempts` attempts have failed, `previous` being the pause before the last of them.
    pub(super) fn pause(&self, config: &RetryConfig, attempts: u32, previous: Option<Duration>) -> Duration {
        match config.jitter {
            Jitter::None => full_pause(config, attempts),
            Jitter::Equal => share(full_pause(config, attempts), 0.5 + 0.5 * self.0.unit()),
            Jitter::Full => share(full_pause(config, attempts), self.0.unit()),
            Jitter::Decorrelated => {
                let widest = previous.unwrap_or(config.initial).saturating_mul(3);
                let span = widest.saturating_sub(config.initial);
                config.initial.saturating_add(share(span, self.0.unit())).min(config.max)
            }
        }
    }
}

/// `mul_f64`, safe for the longest durations, which as a float round up beyond what a duration holds.
fn share(whole: Duration, share: f64) -> Duration {
    Duration::try_from_secs_f64(whole.as_secs_f64() * share).map_or(whole, |part| part.min(whole))
}
