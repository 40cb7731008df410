use super::{RetryConfig, RetryStats, counts::Counts, jitter::Draws};
use crate::{Budget, ConfigError, live::Live, telemetry::PolicyId};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// All of a retry but the user's own code.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) id: PolicyId,
    pub(super) config: Live<RetryConfig>,
    pub(super) draws: Draws,
    pub(super) counts: Counts,
    pub(super) budget: Option<Arc<Budget>>,
    /// The limit of an attempt in nanoseconds, for the hot path; [`NO_LIMIT`] where there is none.
    limit: AtomicU64,
    /// Whether there is a longest series, so that a call that pends needs to know when it began.
    timed: AtomicBool,
}

const NO_LIMIT: u64 = u64::MAX;

impl Core {
    pub(super) fn new(id: PolicyId, config: RetryConfig) -> Result<Self, ConfigError> {
        config.validate(&id.name)?;
        Ok(Self {
            id,
            draws: Draws::new(config.seed),
            counts: Counts::default(),
            budget: None,
            limit: AtomicU64::new(limit(&config)),
            timed: AtomicBool::new(config.max_elapsed.is_some()),
            config: Live::new(config),
        })
    }

    pub(super) fn reconfigure(&self, config: RetryConfig) -> Result<(), ConfigError> {
        config.validate(&self.id.name)?;
        self.limit.store(limit(&config), Relaxed);
        self.timed.store(config.max_elapsed.is_some(), Relaxed);
        let reseeded = config.seed.filter(|_| self.config.read().seed != config.seed);
        self.config.set(config);
        if let Some(seed) = reseeded {
            self.draws.reseed(seed);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn attempt_limit(&self) -> Option<Duration> {
        match self.limit.load(Relaxed) {
            NO_LIMIT => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    pub(super) fn is_timed(&self) -> bool {
        self.timed.load(Relaxed)
    }

    pub(super) fn count_timed_out(&self) {
        self.counts.timed_out.increment();
    }

    pub(super) fn stats(&self) -> RetryStats {
        self.counts.read()
    }
}

fn limit(config: &RetryConfig) -> u64 {
    let limit = config.attempt_timeout.filter(|_| !config.shadow);
    limit.map_or(NO_LIMIT, |limit| u64::try_from(limit.as_nanos()).unwrap_or(NO_LIMIT))
}
