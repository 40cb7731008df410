use super::{RetryConfig, backoff::full_pause};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

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

/// Draws the pauses of one policy: SplitMix64 over a shared counter, so that a seed repeats the series and tasks share
/// no lock.
#[derive(Debug)]
pub(super) struct Draws {
    counter: AtomicU64,
}

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl Draws {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self { counter: AtomicU64::new(seed.unwrap_or_else(|| fastrand::u64(..))) }
    }

    /// Begins the series of this seed.
    pub(super) fn reseed(&self, seed: u64) {
        self.counter.store(seed, Ordering::Relaxed);
    }

    /// Uniform in [0, 1).
    fn draw(&self) -> f64 {
        let mut z = self.counter.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed).wrapping_add(GOLDEN_GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        // The 53 bits that a mantissa holds.
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The pause after `attempts` attempts have failed, `previous` being the pause before the last of them.
    pub(super) fn pause(&self, config: &RetryConfig, attempts: u32, previous: Option<Duration>) -> Duration {
        match config.jitter {
            Jitter::None => full_pause(config, attempts),
            Jitter::Equal => share(full_pause(config, attempts), 0.5 + 0.5 * self.draw()),
            Jitter::Full => share(full_pause(config, attempts), self.draw()),
            Jitter::Decorrelated => {
                let widest = previous.unwrap_or(config.initial).saturating_mul(3);
                let span = widest.saturating_sub(config.initial);
                config.initial.saturating_add(share(span, self.draw())).min(config.max)
            }
        }
    }
}

/// `mul_f64`, safe for the longest durations, which as a float round up beyond what a duration holds.
fn share(whole: Duration, share: f64) -> Duration {
    Duration::try_from_secs_f64(whole.as_secs_f64() * share).map_or(whole, |part| part.min(whole))
}
