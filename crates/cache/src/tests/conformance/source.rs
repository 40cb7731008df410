use std::sync::Arc;

use parking_lot::Mutex;

/// The source of values and its replica: the version of each key.
#[derive(Debug, Clone)]
pub(super) struct Source(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    newest: u8,
    primary: [u8; 2],
    replica: [u8; 2],
    /// The next load asks the replica.
    ask_replica: bool,
    /// The replica follows at once.
    in_step: bool,
}

impl Source {
    pub(super) fn new(in_step: bool) -> Self {
        let state = State { newest: 1, primary: [1; 2], replica: [1; 2], ask_replica: false, in_step };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn write(&self, keys: impl Iterator<Item = usize>) -> u8 {
        let mut state = self.0.lock();
        state.newest += 1;
        for key in keys {
            state.primary[key] = state.newest;
        }
        if state.in_step {
            state.replica = state.primary;
        }
        state.newest
    }

    pub(super) fn catch_up(&self) {
        let mut state = self.0.lock();
        state.replica = state.primary;
    }

    pub(super) fn ask_replica(&self, ask: bool) {
        self.0.lock().ask_replica = ask;
    }

    /// A loader that honours the least version.
    pub(super) fn read(&self, key: usize, least: u64) -> u8 {
        let state = self.0.lock();
        if state.ask_replica && u64::from(state.replica[key]) >= least {
            state.replica[key]
        } else {
            state.primary[key]
        }
    }
}
