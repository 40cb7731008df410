use super::{BreakerConfig, BreakerSnapshot, Explanation, State, Transition, core::Core};
use crate::ConfigError;
use std::sync::Arc;
use tokio::sync::watch;

/// A breaker seen from outside its calls: to watch it and to steer it, whatever its classifier; cheap to clone.
#[derive(Clone)]
pub struct BreakerHandle {
    pub(super) core: Arc<Core>,
}

impl BreakerHandle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.core.id.name
    }

    /// What it works with now.
    pub fn config(&self) -> BreakerConfig {
        self.core.settings.read().config.clone()
    }

    /// Works with `config` from now on. State, counts, listeners and the calls in the window stay: all of them where the
    /// window stays as it is, as many as fit where a count window changes its size. An open breaker stays open for as
    /// long as it was going to.
    ///
    /// # Errors
    /// All fields that are out of range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: BreakerConfig) -> Result<(), ConfigError> {
        self.core.reconfigure(config)
    }

    /// Whether calls pass. An open breaker whose time is over stays open until the next call, which is its first probe.
    pub fn state(&self) -> State {
        self.core.gate.load().state()
    }

    /// State and counts at this moment.
    pub fn snapshot(&self) -> BreakerSnapshot {
        let (core, settings) = (&self.core, self.core.settings.read());
        let word = core.gate.load();
        BreakerSnapshot {
            state: word.state(),
            trips: core.counts.trips.get(),
            rejected: core.counts.rejected.get(),
            would_reject: core.counts.would_reject.get(),
            failures: core.counts.failures.get(),
            slow: core.counts.slow.get(),
            ignored: core.counts.ignored.get(),
            abandoned: core.counts.abandoned.get(),
            stale: core.counts.stale.get(),
            window: settings.window.as_ref().map(|window| window.tally(word.epoch(), || core.tick())),
        }
    }

    /// Why it is in the state it is in, and what would change it.
    pub fn explain(&self) -> Explanation {
        Explanation::of(&self.core)
    }

    /// The state as it changes; a slow receiver sees the latest and may miss what was between.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.core.watch.subscribe()
    }

    /// Calls `listener` for every transition from now on, under no lock, in the midst of the call that brought it about.
    /// A panic in it is caught.
    pub fn on_transition(&self, listener: impl Fn(&Transition) + Send + Sync + 'static) {
        self.core.listen(Arc::new(listener));
    }

    /// Lets nothing through until told otherwise.
    pub fn force_open(&self) {
        self.core.force(State::ForcedOpen);
    }

    /// Lets everything through and counts, whatever happens, until told otherwise.
    pub fn force_closed(&self) {
        self.core.force(State::ForcedClosed);
    }

    /// Lets everything through without a trace, until told otherwise.
    pub fn disable(&self) {
        self.core.force(State::Disabled);
    }

    /// Closes it and forgets the failures it had counted, in a row and in the window; the counts of the snapshot stay.
    pub fn reset(&self) {
        self.core.force(State::Closed);
    }
}

impl std::fmt::Debug for BreakerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BreakerHandle")
            .field("name", &self.core.id.name)
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
