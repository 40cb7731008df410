use std::sync::{Arc, Weak};

use tokio::time::{Instant, sleep_until};

use crate::attempt::attempt;
use crate::error::Fault;
use crate::inner::{Inner, Phase};
use crate::manager::Manager;
use crate::observer::Observer;
use crate::state::ConnectStep;
use crate::trace;

/// One connect counted as under way; dropping it, even by the end of the runtime, ends the count.
pub(crate) struct Underway<M: Manager, O: Observer> {
    /// Weak, so that a pool nobody uses any more does not live on in a pause.
    pool: Weak<Inner<M, O>>,
    counted: bool,
}

impl<M: Manager, O: Observer> Underway<M, O> {
    pub(crate) fn new(pool: &Arc<Inner<M, O>>) -> Self {
        Self { pool: Arc::downgrade(pool), counted: true }
    }
}

impl<M: Manager, O: Observer> Drop for Underway<M, O> {
    fn drop(&mut self) {
        if let Some(inner) = self.counted.then(|| self.pool.upgrade()).flatten() {
            inner.abandon_connect();
        }
    }
}

/// Makes one connection for whoever needs it: asks before each attempt whether anybody still does, pauses after each failure, and
/// ends with the first success, which may start the next.
pub(crate) async fn run<M: Manager, O: Observer>(mut underway: Underway<M, O>) {
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
            ConnectStep::Connect { epoch } => {
                let outcome = tokio::select! {
                    outcome = connect(&inner) => outcome,
                    _ = phase.wait_for(|phase| *phase > Phase::Open) => return,
                };
                let now = Instant::now();
                match outcome {
                    Ok(connection) => {
                        underway.counted = false;
                        inner.transition(|state, later| state.connected(connection, epoch, now, later));
                        inner.grown.notify_waiters();
                        return;
                    }
                    Err(fault) => {
                        trace::connect_failed(&inner.name, &fault);
                        inner.transition(|state, later| state.connect_failed(Arc::new(fault), now, later));
                    }
                }
            }
        }
    }
}

/// A connect and the hook after it, each under its own time limit.
async fn connect<M: Manager, O: Observer>(inner: &Inner<M, O>) -> Result<M::Connection, Fault<M::Error>> {
    let began = O::ENABLED.then(Instant::now);
    let outcome = connect_and_set_up(inner).await;
    if let Some(began) = began {
        inner.observe(|observer| observer.connected(began.elapsed(), outcome.is_ok()));
        if outcome.as_ref().is_err_and(|fault| inner.is_too_many(fault)) {
            inner.observe(O::refused_as_too_many);
        }
    }
    outcome
}

async fn connect_and_set_up<M: Manager, O: Observer>(
    inner: &Inner<M, O>,
) -> Result<M::Connection, Fault<M::Error>> {
    let config = inner.config();
    let mut connection = attempt(config.connect_timeout, async { inner.manager.connect().await }).await?;
    if let Some(hook) = &inner.hooks.after_connect {
        attempt(config.hook_timeout, async { hook(&mut connection).await }).await?;
    }
    Ok(connection)
}
