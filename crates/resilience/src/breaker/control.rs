use super::{BreakerHandle, core::Core};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// One switch for several breakers: everything that calls a system about to be taken down, for one.
///
/// ```
/// # use mainstay_resilience::{BreakerConfig, CircuitBreaker, breaker::{ManualControl, State}};
/// let maintenance = ManualControl::new();
/// let reads = CircuitBreaker::new("reads", BreakerConfig::default()).unwrap();
/// let writes = CircuitBreaker::new("writes", BreakerConfig::default()).unwrap();
/// maintenance.add(&reads.handle());
/// maintenance.add(&writes.handle());
/// maintenance.isolate();
/// assert_eq!((reads.state(), writes.state()), (State::ForcedOpen, State::ForcedOpen));
/// maintenance.release();
/// assert_eq!((reads.state(), writes.state()), (State::Closed, State::Closed));
/// ```
#[derive(Clone, Default)]
pub struct ManualControl {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    isolated: bool,
    /// Weak: a switch keeps no breaker alive.
    breakers: Vec<Weak<Core>>,
}

impl ManualControl {
    /// A switch that is not thrown, for no breaker yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a breaker under it, and isolates it at once if the switch is thrown.
    pub fn add(&self, breaker: &BreakerHandle) {
        let isolated = {
            let mut shared = self.shared.lock();
            shared.breakers.retain(|core| core.strong_count() > 0);
            shared.breakers.push(Arc::downgrade(&breaker.core));
            shared.isolated
        };
        if isolated {
            breaker.force_open();
        }
    }

    /// Forces all its breakers open.
    pub fn isolate(&self) {
        self.throw(true, BreakerHandle::force_open);
    }

    /// Resets all its breakers, those too that have been forced otherwise in the meantime.
    pub fn release(&self) {
        self.throw(false, BreakerHandle::reset);
    }

    /// Whether its breakers are forced open.
    pub fn is_isolated(&self) -> bool {
        self.shared.lock().isolated
    }

    /// Listeners hear of it, so the lock is let go first.
    fn throw(&self, isolated: bool, on: impl Fn(&BreakerHandle)) {
        let breakers: Vec<_> = {
            let mut shared = self.shared.lock();
            shared.isolated = isolated;
            shared.breakers.iter().filter_map(Weak::upgrade).collect()
        };
        for core in breakers {
            on(&BreakerHandle { core });
        }
    }
}

impl std::fmt::Debug for ManualControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shared = self.shared.lock();
        f.debug_struct("ManualControl")
            .field("isolated", &shared.isolated)
            .field("breakers", &shared.breakers.len())
            .finish()
    }
}
