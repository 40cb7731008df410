//! Changes from outside: size, configuration, suspension, eviction, the end.

use std::sync::Arc;
use std::time::Duration;

use super::State;
use crate::config::PoolConfig;
use crate::deferred::Deferred;
use crate::error::ConfigError;
use crate::observer::CloseReason;

impl<C, E> State<C, E> {
    pub(crate) fn resize(&mut self, max: usize, later: &mut Deferred<C, E>) -> Result<(), ConfigError> {
        self.config.validate_resize(max)?;
        Arc::make_mut(&mut self.config).max = max;
        self.shed_surplus(later);
        Ok(())
    }

    /// Takes a validated configuration over and gives the former back; connections, waiters and counts stay.
    pub(crate) fn reconfigure(
        &mut self,
        config: Arc<PoolConfig>,
        later: &mut Deferred<C, E>,
    ) -> Arc<PoolConfig> {
        let former = std::mem::replace(&mut self.config, config);
        self.clock.set_resolution(Self::clock_resolution(&self.config));
        self.lanes.configure(&self.config);
        // Those that are out learn of it when they come back.
        self.epoch += 1;
        for live in &mut self.idle {
            live.epoch = self.epoch;
            live.lifespan.set_max(self.config.max_lifetime);
        }
        self.shed_surplus(later);
        former
    }

    /// The idle judged by a clock that lags behind by more than the window would never be checked.
    pub(super) fn clock_resolution(config: &PoolConfig) -> Duration {
        config.clock_resolution.min(config.check_after)
    }

    fn shed_surplus(&mut self, later: &mut Deferred<C, E>) {
        let mut over = self.live().saturating_sub(self.config.max);
        self.retire_idle(
            |_| {
                let goes = over > 0;
                over = over.saturating_sub(1);
                goes.then_some(CloseReason::Surplus)
            },
            later,
        );
    }

    pub(crate) fn suspend(&mut self) {
        self.suspended = true;
    }

    /// Ends a suspension; the settling serves those who wait.
    pub(crate) fn resume(&mut self) {
        self.suspended = false;
    }

    /// Closes what is idle, and has what is out or being connected close as it comes back.
    pub(crate) fn evict_all(&mut self, later: &mut Deferred<C, E>) {
        self.epoch += 1;
        self.evicted_before = self.epoch;
        self.retire_idle(|_| Some(CloseReason::Evicted), later);
    }

    pub(crate) fn close(&mut self, later: &mut Deferred<C, E>) {
        self.closed = true;
        later.leftovers().wake_all.append(&mut self.waiters.dismiss());
        self.retire_idle(|_| Some(CloseReason::Closed), later);
    }
}
