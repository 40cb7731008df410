use super::{BreakerConfig, Tally};
use std::time::Duration;

/// What a [`Gate`](super::gate::Gate) works with: a configuration with its durations in ticks.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) failures: u32,
    pub(super) successes: u16,
    pub(super) probes: u16,
    pub(super) probe_lease: u64,
    pub(super) rates: Rates,
    pub(super) open: OpenTime,
    pub(super) ramp: Ramp,
}

/// When a window's rates are too high.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    minimum_calls: u32,
    failure: f64,
    slow: Option<f64>,
}

/// Which rate was too high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooHigh {
    Failures,
    Slow,
}

impl Rates {
    pub(super) fn counts_slow(&self) -> bool {
        self.slow.is_some()
    }

    pub(super) fn judge(&self, tally: &Tally) -> Option<TooHigh> {
        if tally.calls < self.minimum_calls {
            return None;
        }
        if tally.failure_rate() >= self.failure {
            return Some(TooHigh::Failures);
        }
        (tally.slow_call_rate() >= self.slow?).then_some(TooHigh::Slow)
    }
}

/// How long it stays open.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenTime {
    first: f64,
    backoff: f64,
    max: f64,
    jitter: f64,
}

impl OpenTime {
    /// In ticks, after it had opened `streak` times in a row before; `chance` is uniform in 0 to 1.
    pub(super) fn ticks(&self, streak: u32, chance: f64) -> u64 {
        let grown = self.first * self.backoff.powi(streak as i32);
        let whole = if grown.is_finite() { grown.min(self.max) } else { self.max };
        ((whole * (1.0 - self.jitter * chance)) as u64).max(1)
    }
}

/// The shares of calls that pass after recovery, a step each.
#[derive(Clone, Debug)]
pub(super) struct Ramp {
    shares: Box<[f64]>,
    step: u64,
}

/// Where a ramp stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RampStep {
    /// This share of the calls passes; ticks to the next step.
    Share(f64, u64),
    Over,
}

impl Ramp {
    pub(super) fn is_none(&self) -> bool {
        self.shares.is_empty()
    }

    pub(super) fn at(&self, since_start: u64) -> RampStep {
        let index = since_start / self.step;
        match usize::try_from(index).ok().and_then(|index| self.shares.get(index)) {
            Some(share) => RampStep::Share(*share, (index + 1) * self.step - since_start),
            None => RampStep::Over,
        }
    }
}

pub(super) fn ticks(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Limits {
    pub(super) fn of(config: &BreakerConfig) -> Self {
        Self {
            failures: config.failure_threshold,
            successes: config.success_threshold,
            probes: config.max_probes,
            probe_lease: ticks(config.probe_lease),
            rates: Rates {
                minimum_calls: config.minimum_calls,
                failure: config.failure_rate,
                slow: config.slow_call_rate,
            },
            open: OpenTime {
                first: ticks(config.open_for) as f64,
                backoff: config.open_backoff,
                max: ticks(config.open_for_max.max(config.open_for)) as f64,
                jitter: config.open_jitter,
            },
            ramp: Ramp { shares: config.ramp.clone().into(), step: ticks(config.ramp_step).max(1) },
        }
    }
}
