use super::ChaosConfig;
use crate::random;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// A configuration at work: its series of draws and when it began.
pub(super) struct Active {
    pub(super) config: Arc<ChaosConfig>,
    seed: u64,
    started: Instant,
    drawn: AtomicU64,
}

/// What is done to one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) delay: Option<Duration>,
    pub(super) effect: Option<Effect>,
}

/// What takes the operation's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Panic,
    Fault,
    Outcome,
}

impl Active {
    pub(super) fn new(config: ChaosConfig) -> Self {
        let seed = config.seed.unwrap_or_else(|| fastrand::u64(..));
        Self { config: Arc::new(config), seed, started: Instant::now(), drawn: AtomicU64::new(0) }
    }

    /// Another configuration that goes on where this one is, unless it starts anew: with another seed, or enabled now.
    pub(super) fn follow(&self, config: ChaosConfig) -> Self {
        let starts =
            config.enabled && !self.config.enabled || config.seed.is_some_and(|seed| seed != self.seed);
        if starts {
            return Self::new(config);
        }
        let drawn = AtomicU64::new(self.drawn.load(Ordering::Relaxed));
        Self { config: Arc::new(config), seed: self.seed, started: self.started, drawn }
    }

    /// Deals the next call its fate. The `n`th call since the start is dealt the same for the same seed, whatever else
    /// draws random numbers, and one kind of injection does not shift another's draws.
    pub(super) fn deal(&self) -> Plan {
        let n = self.drawn.fetch_add(1, Ordering::Relaxed);
        let draw = |kind: u64| random::nth(self.seed ^ random::nth(kind, 0), n);
        let config = &*self.config;
        let all = [&config.latency, &config.panic, &config.fault, &config.outcome];
        let scheduled = all.iter().any(|injection| injection.is_possible() && !injection.windows.is_empty());
        let since_start = if scheduled { self.started.elapsed() } else { Duration::ZERO };
        let [latency, panic, fault, outcome] = all;
        let delay = latency.strikes(draw(0), since_start).then(|| self.delay(draw(1)));
        let effect = if panic.strikes(draw(2), since_start) {
            Some(Effect::Panic)
        } else if fault.strikes(draw(3), since_start) {
            Some(Effect::Fault)
        } else if outcome.strikes(draw(4), since_start) {
            Some(Effect::Outcome)
        } else {
            None
        };
        Plan { delay, effect }
    }

    fn delay(&self, draw: u64) -> Duration {
        let delay = self.config.delay;
        let share = draw as f64 / u64::MAX as f64;
        delay.min.saturating_add((delay.max - delay.min).mul_f64(share))
    }
}
