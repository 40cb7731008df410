use std::sync::{Arc, Weak};

use tokio::time::{Instant, sleep_until};

use crate::attempt::attempt;
use crate::inner::{Inner, Phase};
use crate::manager::Manager;
use crate::state::ConnectStep;

/// One connect counted as under way; dropping it, even by the end of the runtime, ends the count.
pub(crate) struct Underway<M: Manager> {
    /// Weak, so that a pool nobody uses any more does not live on in a pause.
    pool: Weak<Inner<M>>,
    counted: bool,
}

impl<M: Manager> Underway<M> {
    pub(crate) fn new(pool: &Arc<Inner<M>>) -> Self {
        Self { pool: Arc::downgrade(pool), counted: true }
    }
}

impl<M: Manager> Drop for Underway<M> {
    fn drop(&mut self) {
        if let Some(inner) = self.counted.then(|| self.pool.upgrade()).flatten() {
            inner.abandon_connect();
        }
    }
}

/// Makes one connection for whoever needs it: asks before each attempt whether anybody still does, pauses after each failure, and
/// ends with the first success, which may start the next.
pub(crate) async fn run<M: Manager>(mut underway: Underway<M>) {
    while let Some(inner) = underway.pool.upgrade() {
        let mut phase = inner.phase.subscribe();
        match inner.transition(|state, _| state.connect_step(Instant::now())) {
            ConnectStep::Stop => {
                underway.counted = false;
                return;
            }
            ConnectStep::Pause(until) => {
                drop(inner);
                tokio::select! {
                    () = sleep_until(until) => {}
                    _ = phase.wait_for(|phase| *phase > Phase::Open) => return,
                }
            }
            ConnectStep::Connect => {
                let call = async { inner.manager.connect().await };
                let outcome = tokio::select! {
                    outcome = attempt(inner.config.connect_timeout, call) => outcome,
                    _ = phase.wait_for(|phase| *phase > Phase::Open) => return,
                };
                let now = Instant::now();
                match outcome {
                    Ok(connection) => {
                        underway.counted = false;
                        inner.transition(|state, later| state.connected(connection, now, later));
                        inner.grown.notify_waiters();
                        return;
                    }
                    Err(fault) => {
                        inner.transition(|state, later| state.connect_failed(Arc::new(fault), now, later));
                    }
                }
            }
        }
    }
}
