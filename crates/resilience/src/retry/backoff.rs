use super::{Jitter, RetryConfig};
use std::time::Duration;

/// How pauses grow, from `initial` to `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Backoff {
    /// Not at all: 1, 1, 1, 1 times `initial`.
    Constant,
    /// 1, 2, 3, 4 times `initial`.
    Linear,
    /// 1, 2, 4, 8 times `initial`, with a `multiplier` of 2.
    #[default]
    Exponential,
    /// 1, 1, 2, 3, 5 times `initial`: slower than doubling.
    Fibonacci,
}

/// The pause after so many attempts, before jitter takes its share: at most `max`, however many attempts there were.
pub(super) fn full_pause(config: &RetryConfig, attempts: u32) -> Duration {
    match config.backoff {
        Backoff::Constant => config.initial.min(config.max),
        Backoff::Linear => times(config, attempts.into()),
        Backoff::Exponential => exponential(config, attempts),
        Backoff::Fibonacci => times(config, fibonacci(attempts)),
    }
}

fn times(config: &RetryConfig, factor: u128) -> Duration {
    let nanos = config.initial.as_nanos().saturating_mul(factor);
    if nanos < config.max.as_nanos() { Duration::from_nanos_u128(nanos) } else { config.max }
}

fn exponential(config: &RetryConfig, attempts: u32) -> Duration {
    let growth = config.multiplier.powf(f64::from(attempts.saturating_sub(1)));
    let seconds = config.initial.as_secs_f64() * growth;
    // Not a number only for 0 × ∞, which is no pause.
    Duration::try_from_secs_f64(seconds).map_or_else(
        |_| if seconds.is_nan() { Duration::ZERO } else { config.max },
        |pause| pause.min(config.max),
    )
}

/// 1, 1, 2, 3, 5 …
fn fibonacci(n: u32) -> u128 {
    let (mut this, mut next) = (0_u128, 1_u128);
    // The 186th is the last that fits, and longer than any pause.
    for _ in 0..n.min(186) {
        (this, next) = (next, this.saturating_add(next));
    }
    this
}

/// The pause after so many attempts, when jitter is at its worst.
fn longest_pause(config: &RetryConfig, attempts: u32) -> Duration {
    match config.jitter {
        Jitter::Decorrelated => {
            let growth = 3_u128.saturating_pow(attempts);
            times(config, growth)
        }
        Jitter::None | Jitter::Equal | Jitter::Full => full_pause(config, attempts),
    }
}

/// So many pauses are added one by one.
const ADDED: u32 = 1_000;

/// All pauses of the longest series, none cut short by jitter, each drawn out to the longest that a callee may ask for.
///
/// To the nanosecond for a thousand pauses; of more it takes no longer to compute, and errs on the long side.
pub(super) fn longest_in_all(config: &RetryConfig, asked: Duration) -> Duration {
    let pauses = config.max_attempts.saturating_sub(1);
    let mut sum = Duration::ZERO;
    for n in 1..=pauses.min(ADDED) {
        let pause = longest_pause(config, n);
        if pause == config.max || pause.is_zero() || config.max <= asked {
            // It has stopped growing, or does not matter: the rest are all alike, however many.
            return sum.saturating_add(pause.max(asked).saturating_mul(pauses - n + 1));
        }
        sum = sum.saturating_add(pause.max(asked));
    }
    let rest = pauses.saturating_sub(ADDED);
    let longer_than_asked = longest_pause(config, ADDED) >= asked;
    let drawn_out = if longer_than_asked { Duration::ZERO } else { asked.saturating_mul(rest) };
    sum.saturating_add(longest_after(config, ADDED, pauses)).saturating_add(drawn_out)
}

/// The pauses after `from` of them up to `to`, summed by formula; decorrelated and Fibonacci pauses never get so far.
fn longest_after(config: &RetryConfig, from: u32, to: u32) -> Duration {
    if to <= from {
        return Duration::ZERO;
    }
    let initial = config.initial.as_secs_f64();
    // How many pauses are shorter than the longest.
    let (growing, their_sum) = match config.backoff {
        Backoff::Exponential if config.multiplier > 1.0 => {
            let rate = (config.multiplier - 1.0).ln_1p();
            let growing = within(1.0 + (config.max.as_secs_f64() / initial).ln() / rate, from, to);
            let first = initial * config.multiplier.powf(f64::from(from));
            let grown = (f64::from(growing - from) * rate).exp_m1() / (config.multiplier - 1.0);
            (growing, first * grown)
        }
        Backoff::Linear => {
            let growing = within(config.max.as_secs_f64() / initial, from, to);
            let (first, last) = (f64::from(from) + 1.0, f64::from(growing));
            (growing, initial * (first + last) / 2.0 * f64::from(growing - from))
        }
        _ => (to, initial * f64::from(to - from)),
    };
    let rounding = Duration::from_nanos(u64::from(growing - from)).saturating_add(Duration::from_nanos(1));
    Duration::try_from_secs_f64(their_sum * (1.0 + 1e-12))
        .unwrap_or(Duration::MAX)
        .saturating_add(rounding)
        .saturating_add(config.max.saturating_mul(to - growing))
}

fn within(count: f64, from: u32, to: u32) -> u32 {
    // A conversion from `f64` saturates.
    (count.floor() as u32).clamp(from, to)
}
