use super::{Jitter, RetryConfig};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Draws the pauses of one policy: SplitMix64 over a shared counter, so that a seed repeats the series and tasks share
/// no lock.
#[derive(Debug)]
pub(super) struct Backoff {
    counter: AtomicU64,
}

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl Backoff {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self { counter: AtomicU64::new(seed.unwrap_or_else(|| fastrand::u64(..))) }
    }

    /// Uniform in [0, 1).
    fn draw(&self) -> f64 {
        let mut z = self.counter.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed).wrapping_add(GOLDEN_GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }

    /// All pauses of the longest series, none cut short by jitter.
    pub(super) fn longest_in_all(&self, config: &RetryConfig) -> Duration {
        let pauses = config.max_attempts.saturating_sub(1);
        let mut sum = Duration::ZERO;
        for n in 1..=pauses {
            let pause = full_pause(config, n);
            // It has stopped growing: the rest are all alike, however many.
            if pause == config.max || config.multiplier == 1.0 || pause.is_zero() {
                return sum.saturating_add(pause.saturating_mul(pauses - n + 1));
            }
            sum = sum.saturating_add(pause);
        }
        sum
    }

    /// The pause after `attempts` attempts have failed.
    pub(super) fn pause(&self, config: &RetryConfig, attempts: u32) -> Duration {
        let full = full_pause(config, attempts);
        match config.jitter {
            Jitter::None => full,
            Jitter::Equal => full.mul_f64(0.5 + 0.5 * self.draw()),
            Jitter::Full => full.mul_f64(self.draw()),
        }
    }
}

/// `min(initial × multiplierⁿ⁻¹, max)`; the exponent saturates, however many attempts there were.
fn full_pause(config: &RetryConfig, attempts: u32) -> Duration {
    let exponent = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = config.initial.as_secs_f64() * config.multiplier.powi(exponent);
    // Not a number only for 0 × ∞, which is no pause.
    Duration::try_from_secs_f64(seconds).map_or_else(
        |_| if seconds.is_nan() { Duration::ZERO } else { config.max },
        |pause| pause.min(config.max),
    )
}
